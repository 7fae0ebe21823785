"""Networks that belong to two owners: a request from there counts as one of them's only."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable

from kamailio_bridge.modules.base import join_first
from kamailio_bridge.modules.sources.address_table import GRP, IP_ADDR, MASK, PBXS_GROUP, TAG, host_mask, network_of
from kamailio_bridge.rows.types import Notice, Row

SHOWN_OVERLAPS = 20
Wider = dict[int, dict[int, list[Row]]]  # networks of one family by mask, and by their first bits as a number


def overlap_warnings(rows: Iterable[Row], tag: str | None = None) -> list[Notice]:
    """Return a warning for each network that lies within one of another owner; with ``tag``, for that owner's only.

    ``rows`` are those of the table address. Networks are nested or disjoint, so each is looked up among the wider ones,
    once for each mask in use; among single addresses, only equal ones overlap.
    """
    by_network: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        by_network[str(row.values[IP_ADDR]), int(row.values[MASK] or 0)].append(row)
    wider: dict[int, Wider] = {32: defaultdict(dict), 128: defaultdict(dict)}
    for (ip_addr, mask), same in by_network.items():
        bits = host_mask(ip_addr)
        if mask < bits:
            wider[bits][mask][_number(ip_addr, bits) >> (bits - mask)] = same
    found = []
    for (ip_addr, mask), same in by_network.items():
        bits = host_mask(ip_addr)
        around = [*same, *_around(ip_addr, mask, bits, wider[bits])] if wider[bits] else same
        tags = {row.values[TAG] for row in around} if len(around) > 1 else ()
        if len(tags) > 1 and (tag is None or tag in tags):
            found.append((same[0].pk, around))
    warnings = [_warning(around) for _, around in sorted(found, key=lambda each: each[0])[:SHOWN_OVERLAPS]]
    rest = len(found) - len(warnings)
    if rest > 0:
        more = f"{rest} more belong to two owners; manage.py who_is ADDRESS names them."
        warnings.append(Notice("Source networks", more))
    return warnings


def _number(ip_addr: str, bits: int) -> int:
    return int.from_bytes(socket.inet_pton(socket.AF_INET6 if bits == 128 else socket.AF_INET, ip_addr), "big")


def _around(ip_addr: str, mask: int, bits: int, wider: Wider) -> Iterable[Row]:
    number = _number(ip_addr, bits)
    for each, networks in wider.items():
        if each < mask:
            yield from networks.get(number >> (bits - each), ())


def _turn(row: Row) -> tuple[bool, bool, int]:
    """Return a key that sorts rows in the order of Kamailio's look-up (``admission``)."""
    is_network = row.values[MASK] != host_mask(row.values[IP_ADDR])
    return row.values[GRP] != PBXS_GROUP, is_network, row.pk if is_network else -row.pk


def _warning(around: list[Row]) -> Notice:
    """Name the other networks, and the owner to whom a request from the first, the narrowest, counts."""
    row = around[0]
    others = [
        f"{network_of(other)} of {other.label}"
        for other in sorted(around, key=_turn)
        if other.values[TAG] != row.values[TAG]
    ]
    return Notice(
        row.label,
        f"{network_of(row)} overlaps with {join_first(dict.fromkeys(others))}:"
        f" a request from there counts as coming from {min(around, key=_turn).label}.",
    )
