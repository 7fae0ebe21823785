"""The queries of module uac for a node's records; the nodes are small HTTP servers."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kamailio_bridge.modules import uac_records
from kamailio_bridge.modules.uac_records import UacRecord, unregister
from kamailio_bridge.nodes.rpc import Rpc
from tests.kamailio_bridge.http_node import http_node, reply

REGISTERED, NOT_REGISTERED = 4, 0


class Records:
    """A node with records; each unregistration takes effect after so many looks."""

    def __init__(self, looks: dict[str, int]) -> None:
        self.looks = looks
        self.asked: list[str] = []

    def __call__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        key = body["params"][-1]
        self.asked.append(f"{body['method']} {key}")
        result: Any = "ok"
        if body["method"] == "uac.reg_info":
            self.looks[key] -= 1
            flags = REGISTERED if self.looks[key] >= 0 else NOT_REGISTERED
            texts = dict.fromkeys(UacRecord._fields[:9], "x")
            numbers = dict.fromkeys(UacRecord._fields[9:], 0)
            result = {**texts, **numbers, "l_uuid": key, "flags": flags}
        reply(handler, 200, {"jsonrpc": "2.0", "id": body["id"], "result": result})


def end_registrations(looks: dict[str, int]) -> list[str]:
    node = Records(looks)
    with http_node(node) as server:
        unregister(Rpc(server.url, "token", 10), sorted(looks))
    return node.asked


def test_every_registration_is_ended_before_the_first_look() -> None:
    asked = end_registrations({"carrier-1": 0, "carrier-2": 0})
    assert asked[:2] == ["uac.reg_unregister carrier-1", "uac.reg_unregister carrier-2"]
    assert sorted(asked[2:]) == ["uac.reg_info carrier-1", "uac.reg_info carrier-2"]


def test_each_is_looked_at_until_it_is_no_longer_registered() -> None:
    asked = end_registrations({"carrier-1": 2, "carrier-2": 0})
    assert asked.count("uac.reg_info carrier-1") == 3
    assert asked.count("uac.reg_info carrier-2") == 1


def test_nothing_is_asked_about_nothing() -> None:
    assert end_registrations({}) == []


def test_a_carrier_that_does_not_answer_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uac_records, "UNREGISTER_SECONDS", 0.0)
    assert end_registrations({"carrier-1": 1000}) == ["uac.reg_unregister carrier-1"]
