"""A real node behind a client that notes each command it sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc


@dataclass(frozen=True)
class ListeningRpc(Rpc):
    """A real client that also notes what it calls."""

    heard: list[str] = field(default_factory=list)

    def call(self, method: str, *params: str | int) -> Any:
        self.heard.append(" ".join([method, *map(str, params)]))
        return super().call(method, *params)


def listening_node(node: Node) -> Node:
    """Return the same node behind such a client."""
    return Node(node.name, ListeningRpc(node.rpc.url, node.rpc.token, node.rpc.timeout))


def heard(node: Node) -> list[str]:
    """Return the commands since the last call of this function, questions included."""
    assert isinstance(node.rpc, ListeningRpc)
    commands = list(node.rpc.heard)
    node.rpc.heard.clear()
    return commands
