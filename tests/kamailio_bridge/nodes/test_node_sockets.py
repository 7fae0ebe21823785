"""The sockets of a node, as Kamailio 5.6 and 6.0 name them."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.nodes.sockets.node_sockets import NodeSocket, read_sockets
from tests.kamailio_bridge.http_node import http_node, reply

LISTED = {"PROTO": "udp", "NAME": "192.0.2.7", "PORT": "5060", "SOCKNAME": "carriers", "ADVERTISE": "-"}


@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_both_versions_are_read(spell: Any) -> None:
    entries = [{spell(key): value for key, value in {**LISTED, "SOCKNAME": name}.items()} for name in ("carriers", "-")]

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reply(handler, 200, {"jsonrpc": "2.0", "id": body["id"], "result": entries})

    with http_node(answer) as node:
        assert read_sockets(Rpc(node.url, "token", 10)) == [NodeSocket("carriers", "udp", "192.0.2.7", 5060, "")]
