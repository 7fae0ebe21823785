"""A node's dumps of admitted addresses, in all forms; the nodes are small HTTP servers."""

from __future__ import annotations

from typing import Any

import pytest

from kamailio_bridge.modules.sources.address_dump import LoadedAddress, dump_addresses, dump_domains
from kamailio_bridge.nodes.rpc import InvalidAnswer, Rpc
from tests.kamailio_bridge.http_node import http_node, results


def dumped(hosts: Any, networks: Any) -> list[LoadedAddress]:
    with http_node(results(permissions__addressDump=hosts, permissions__subnetDump=networks)) as server:
        return list(dump_addresses(Rpc(server.url, "token", 10)))


def test_single_addresses_come_before_networks() -> None:
    hosts = [
        {"table": 1, "group": 8, "item": {"ip": "203.0.113.7", "port": 0, "tag": "carrier-8"}},
        {"table": 1, "group": 9, "item": {"ip": "2001:DB8:0::7", "port": 5070, "tag": None}},
    ]
    networks = {"table": 1, "group": 1, "item": {"ip": "198.51.100.0", "mask": 24, "port": 0, "tag": "another tool"}}
    assert dumped(hosts, networks) == [
        LoadedAddress(8, "203.0.113.7", 32, "carrier-8", 0),
        LoadedAddress(9, "2001:db8::7", 128, "", 5070),
        LoadedAddress(1, "198.51.100.0", 24, "another tool", 0),
    ]


def test_a_node_that_admits_nobody() -> None:
    assert dumped({}, {}) == []


def test_a_port_that_an_older_node_does_not_name_is_none() -> None:
    assert dumped([{"group": 8, "item": {"ip": "203.0.113.7", "tag": "x"}}], {})[0].port == 0


@pytest.mark.parametrize("item", [{}, {"ip": "x", "tag": ""}, {"ip": "203.0.113.7"}])
def test_an_entry_in_another_form_is_reported(item: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswer, match=r"permissions\.addressDump"):
        dumped([{"group": 8, "item": item}], {})


def test_domains_are_named_with_their_tags() -> None:
    domains = [
        {"item": {"domain_name": "gw.example", "tag": "carrier-8"}},
        {"item": {"domain_name": "x.example", "tag": None}},
    ]
    with http_node(results(permissions__domainDump=domains)) as server:
        assert dump_domains(Rpc(server.url, "token", 10)) == [("gw.example", "carrier-8"), ("x.example", "")]
