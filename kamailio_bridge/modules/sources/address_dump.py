"""The source addresses that a node holds in memory."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, NamedTuple

from kamailio_bridge.nodes.rpc import Rpc, as_list, parsing_answer


class LoadedAddress(NamedTuple):
    """One address or network that a node admits. A ``port`` other than 0 admits only that."""

    grp: int
    ip_addr: str
    mask: int
    tag: str
    port: int = 0


def dump_domains(rpc: Rpc) -> list[tuple[str, str]]:
    """Return name and tag of the rows that Kamailio took for domain names. Raises ``RpcError``."""
    with parsing_answer("permissions.domainDump"):
        return [
            (str(entry["item"]["domain_name"]), str(entry["item"]["tag"] or ""))
            for entry in as_list(rpc.call("permissions.domainDump"))
        ]


def dump_addresses(rpc: Rpc) -> Iterator[LoadedAddress]:
    """Yield what the node holds, in the order of its look-up: single addresses, then subnets. Raises ``RpcError``."""
    for method in ("permissions.addressDump", "permissions.subnetDump"):
        with parsing_answer(method):
            for entry in as_list(rpc.call(method)):
                item = entry["item"]
                address = ipaddress.ip_address(item["ip"])
                mask = int(item.get("mask", address.max_prefixlen))
                yield LoadedAddress(int(entry["group"]), str(address), mask, *_tag_and_port(item))


def _tag_and_port(item: dict[str, Any]) -> tuple[str, int]:
    return str(item["tag"] or ""), int(item.get("port") or 0)
