"""The Kamailio nodes that run what the carriers say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kamailio_bridge.nodes.models import LOCAL_NAME, KamailioNode, local_node_rpc
from kamailio_bridge.nodes.rpc import Rpc


@dataclass(frozen=True)
class Node:
    """One running Kamailio, reached by JSON-RPC over HTTP. ``rpc.timeout`` is its time limit."""

    name: str
    rpc: Rpc

    def for_one_job(self, seconds: float | None = None) -> Node:
        """Return the node with a deadline for all calls together: its time limit from now on, or less."""
        limit = self.rpc.timeout
        return replace(self, rpc=self.rpc.within(limit if seconds is None else min(limit, seconds)))


def configured_nodes() -> list[Node]:
    """Return the nodes to reload: the enabled ones; while none is entered at all, the local one of the settings."""
    records = list(KamailioNode.objects.order_by("name", "pk"))
    if not records:
        return [Node(LOCAL_NAME, local_node_rpc())]
    return [Node(record.name, record.rpc()) for record in records if record.enabled]


def node_names() -> tuple[str, ...]:
    """Return the names of the nodes among which the registrations are spread: none while no node is entered.

    The local node of the settings registers everything. Of entered nodes even a single one has to be named as owner, so
    that another that was disabled, and still runs or starts again, registers nothing.
    """
    return tuple(KamailioNode.objects.filter(enabled=True).order_by("name", "pk").values_list("name", flat=True))
