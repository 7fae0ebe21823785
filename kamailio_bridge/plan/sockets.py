"""Sockets that the carriers name and a node does not have. This rule of a plan asks the nodes, because only they know.

Without its socket a node would not load an endpoint or a PBX (docs/kamailio-facts.md#bad-destinations). A node that
does not answer is passed over: the next apply, or the verification of its reload, finds out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from carriers.labels import endpoint_label, group_label, pbx_label
from carriers.models import PBX, CarrierGroup, Endpoint
from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import RpcError
from kamailio_bridge.nodes.sockets.node_sockets import NodeSocket, missing_sentence, read_sockets
from kamailio_bridge.nodes.sockets.sip_sockets import DEFAULT
from kamailio_bridge.plan.make import Plan
from kamailio_bridge.rows.routes_in_force import is_dns_name
from kamailio_bridge.rows.types import Notice

Held = Mapping[str, Sequence[NodeSocket]]  # the sockets of each node that answered, by the node's name


class _Use(NamedTuple):
    """A use of a socket, which ``owner`` names and ``label`` needs; ``family`` is 4, 6, or 0 for a host name."""

    owner: str
    label: str
    name: str
    family: int


def held_sockets(nodes: Sequence[Node]) -> Held:
    """Ask the nodes for their sockets, if any carrier group, endpoint or PBX names one. Reads the database."""
    if not any(model._default_manager.exclude(socket="").exists() for model in (CarrierGroup, Endpoint, PBX)):
        return {}
    answers = ask_nodes(nodes, lambda node: read_sockets(node.rpc))
    return {
        node.name: answer
        for node, answer in zip(nodes, answers, strict=True)
        # A configuration of somebody else's has no default socket of this name.
        if not isinstance(answer, RpcError) and any(socket.name == DEFAULT for socket in answer)
    }


def with_socket_problems(plan: Plan, held: Held) -> Plan:
    """Return the plan with a problem for each object whose socket a node does not have, so that it is not applied."""
    found = socket_problems(plan.carriers, held)
    return replace(plan, problems=[*plan.problems, *found]) if found else plan


def socket_problems(carriers: Carriers, held: Held) -> list[Notice]:
    """Return a notice for each object whose socket a node does not have."""
    families: dict[str, dict[str, set[int]]] = {}
    for node, sockets in held.items():
        families[node] = defaultdict(set)
        for socket in sockets:
            families[node][socket.name] |= {0, 6 if ":" in socket.address else 4}
    found = (_problem(node, use, names[use.name]) for use in _uses(carriers) for node, names in families.items())
    return list(dict.fromkeys(filter(None, found)))


def _problem(node: str, use: _Use, families: set[int]) -> Notice | None:
    if not families:
        return Notice(use.owner, f"can't be reached as it should, because {missing_sentence(node, use.name)}")
    if use.family not in families:
        return Notice(
            use.label,
            f"has an IPv{use.family} address, and the socket “{use.name}” of node {node} has none: add one to"
            " DSIPROUTER_SIP_SOCKETS there and restart Kamailio, or choose another socket.",
        )
    return None


def _uses(carriers: Carriers) -> Iterator[_Use]:
    for group in carriers.groups.values():
        if not group.enabled:
            continue
        if group.socket and group.credential is not None and group.credential.register:
            yield _Use(group_label(group), group_label(group), group.socket, 0)
        for endpoint in group.outbound_endpoints:
            name = group.socket_of(endpoint)
            if name:
                label = endpoint_label(group, endpoint)
                yield _Use(label if endpoint.socket else group_label(group), label, name, _family(endpoint.host))
    for pbx in carriers.pbxs.values():
        if pbx.enabled and pbx.socket:
            yield _Use(pbx_label(pbx), pbx_label(pbx), pbx.socket, _family(pbx.host))


def _family(host: str) -> int:
    if is_dns_name(host):
        return 0
    return 6 if ":" in host else 4
