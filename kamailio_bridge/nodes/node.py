"""The Kamailio nodes to reload."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kamailio_bridge.nodes.models import LOCAL_NAME, KamailioNode, local_node_rpc
from kamailio_bridge.nodes.rpc import Rpc


@dataclass(frozen=True)
class Node:
    """One running Kamailio, reached by JSON-RPC over HTTP. ``rpc.timeout`` is its time limit."""

    name: str
    rpc: Rpc

    def with_deadline(self, seconds: float | None = None) -> Node:
        """Return the node with a deadline for all calls together: its time limit from now, or ``seconds`` if less."""
        limit = self.rpc.timeout
        return replace(self, rpc=self.rpc.within(limit if seconds is None else min(limit, seconds)))


def configured_nodes() -> list[Node]:
    """Return the enabled nodes, or the local one of the settings if no node is entered."""
    records = list(KamailioNode.objects.order_by("name", "pk"))
    if not records:
        return [Node(LOCAL_NAME, local_node_rpc())]
    return [Node(record.name, record.rpc()) for record in records if record.enabled]


def node_names() -> tuple[str, ...]:
    """Return the names of the nodes that share the registrations: none while no node is entered.

    The local node of the settings registers everything. Even a single entered node must be named as
    owner: a disabled node that still runs or restarts must register nothing.
    """
    return tuple(KamailioNode.objects.filter(enabled=True).order_by("name", "pk").values_list("name", flat=True))
