"""Module permissions with answers that no healthy Kamailio gives; the nodes are small HTTP servers."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kamailio_bridge.modules import MODULES, base
from kamailio_bridge.modules.base import Projection
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, Rpc
from kamailio_bridge.tables.models import Address
from tests.kamailio_bridge.http_node import HttpNode, http_node, reply, results
from tests.kamailio_bridge.projected import project
from tests.kamailio_bridge.records import carriers, group, pbx, sources

permissions = MODULES["permissions"]


def node_at(server: HttpNode) -> Node:
    return Node("edge", Rpc(server.url, "token", 10))


def nothing() -> Projection:
    return project("permissions", carriers())


def domain(name: str, tag: str | None) -> dict[str, Any]:
    return {"item": {"domain_name": name, "tag": tag}}


def test_an_address_of_ours_that_became_a_domain_name_is_named() -> None:
    """No source ever matches a domain name, so the carrier's calls would be refused."""
    domains = [
        domain("198.51.100.x", "carrier-8"),
        domain("192.0.2.x", "pbx-3"),
        domain("foreign.example", "another tool"),
        domain("untagged.example", None),
    ]
    answers = results(permissions__addressDump={}, permissions__subnetDump={}, permissions__domainDump=domains)
    with http_node(answers) as server:
        assert permissions.verify(node_at(server), nothing(), None) == [
            "Kamailio takes 192.0.2.x, 198.51.100.x for a domain name, which never matches a source. Reload again."
        ]


def test_domain_names_of_other_tools_are_no_concern_of_ours() -> None:
    domains = domain("foreign.example", "another tool")  # one entry comes without a list around it
    answers = results(permissions__addressDump={}, permissions__subnetDump={}, permissions__domainDump=domains)
    with http_node(answers) as server:
        assert permissions.verify(node_at(server), nothing(), None) == []


def test_sources_that_the_node_did_not_load_are_named_in_their_order() -> None:
    wanted = project(
        "permissions",
        carriers(
            pbx(3, "192.0.2.0/24"),
            group(8, name="Acme", sources=sources("198.51.100.128/25", "198.51.100.0/25", "2001:db8::/32", first=1)),
        ),
    )
    loaded = [{"group": 8, "item": {"ip": "198.51.100.0", "mask": 25, "tag": "carrier-8"}}]
    answers = results(permissions__addressDump={}, permissions__subnetDump=loaded, permissions__domainDump={})
    with http_node(answers) as server:
        (problem,) = permissions.verify(node_at(server), wanted, None)
    assert problem == (
        "Kamailio did not load the source 198.51.100.128/25 of carrier group “Acme” (address row 1),"
        " 2001:db8::/32 of carrier group “Acme” (address row 3), 192.0.2.0/24 of PBX “PBX 3” (address row 300)."
        " Press Reload Kamailio again; its log says more."
    )


def test_entries_that_are_not_configured_are_named_and_those_of_other_tools_are_not() -> None:
    hosts = [
        {"group": 8, "item": {"ip": "198.51.100.9", "tag": "carrier-8"}},
        {"group": 8, "item": {"ip": "198.51.100.10", "tag": "another tool"}},
        {"group": 8, "item": {"ip": "198.51.100.11", "tag": None}},
    ]
    networks = {"group": 9, "item": {"ip": "192.0.2.0", "mask": 24, "tag": "pbx-3"}}
    answers = results(permissions__addressDump=hosts, permissions__subnetDump=networks, permissions__domainDump={})
    with http_node(answers) as server:
        (problem,) = permissions.verify(node_at(server), nothing(), None)
    assert problem == (
        "Kamailio still admits 198.51.100.9/32 (carrier-8), 192.0.2.0/24 (pbx-3), which is no longer configured."
        " Press Reload Kamailio again."
    )


@pytest.mark.django_db(databases=["default", "kamailio"])
@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"grp": 1, "ip_addr": "192.0.2.1", "mask": 32}, None),
        ({"grp": 1, "ip_addr": "192.0.2.1", "mask": 0}, None),
        ({"grp": 1, "ip_addr": "2001:db8::1", "mask": 128}, None),
        ({"grp": 0, "ip_addr": "192.0.2.1", "mask": 32}, "is one that Kamailio refuses"),
        ({"grp": 1, "ip_addr": "192.0.2.1", "mask": -1}, "is one that Kamailio refuses"),
        ({"grp": 1, "ip_addr": "192.0.2.1", "mask": 33}, "is one that Kamailio refuses"),
        ({"grp": 1, "ip_addr": "2001:db8::1", "mask": 129}, "is one that Kamailio refuses"),
        ({"grp": 1, "ip_addr": "carrier.example", "mask": 32}, "is a domain name to Kamailio"),
    ],
)
def test_which_rows_of_other_tools_are_faulty(values: dict[str, Any], fault: str | None) -> None:
    Address.objects.create(pk=9000, tag="another tool", **values)
    faults = permissions.foreign_faults(frozenset())
    assert len(faults) == (0 if fault is None else 1)
    assert all(f"row 9000 of the table address ({values['ip_addr']}, mask" in each and fault in each for each in faults)


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(base, "time", clock)
    return clock


class BusyNode:
    """A node that refuses so many reloads, because the last one is too recent."""

    def __init__(self, refusals: int, message: str = "ongoing reload") -> None:
        self.refusals, self.message = refusals, message

    def __call__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"result": "Reload OK"}
        if body["method"] == "permissions.domainDump":
            answer = {"result": {}}
        elif self.refusals:
            self.refusals -= 1
            answer = {"error": {"code": 500, "message": self.message}}
        reply(handler, 500 if "error" in answer else 200, {"jsonrpc": "2.0", "id": body["id"], **answer})


def reloads(server: HttpNode) -> int:
    return sum(body["method"] == "permissions.addressReload" for body, _ in server.requests)


@pytest.mark.parametrize("message", ["ongoing reload", "Ongoing reload"])  # modules write it in both ways
def test_a_reload_that_comes_too_soon_is_repeated_after_a_pause(clock: Clock, message: str) -> None:
    with http_node(BusyNode(3, message)) as server:
        assert permissions.reload(node_at(server), nothing(), None) == "Reload OK"
        assert reloads(server) == 4
    assert clock.pauses == [base.RELOAD_RETRY_PAUSE] * 3


def test_a_node_that_stays_busy_is_asked_only_now_and_then(clock: Clock) -> None:
    """Without the pauses it would get as many reloads as it can answer, for twelve seconds."""
    with http_node(BusyNode(1000)) as server:
        with pytest.raises(CallFailed, match="ongoing reload"):
            permissions.reload(node_at(server), nothing(), None)
        assert clock.now - 1000 == pytest.approx(base.RELOAD_SECONDS, abs=base.RELOAD_RETRY_PAUSE)
        assert reloads(server) == len(clock.pauses) + 1


def test_any_other_refusal_is_not_repeated(clock: Clock) -> None:
    with http_node(BusyNode(1, "no database")) as server:
        with pytest.raises(CallFailed, match="no database"):
            permissions.reload(node_at(server), nothing(), None)
        assert reloads(server) == 1
    assert clock.pauses == []
