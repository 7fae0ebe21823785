"""Networks that belong to two owners: a request from there counts as one of them's only."""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable

from kamailio_bridge.admission import PBXS_GROUP, host_mask, in_order_of_looking
from kamailio_bridge.modules.base import some
from kamailio_bridge.rows import Notice, Row

SHOWN_OVERLAPS = 20
Network = tuple[int, int, int]  # bits of its family, mask, and the first bits of the address as a number


def overlap_warnings(rows: Iterable[Row], tag: str | None = None) -> list[Notice]:
    """Return a warning for each network that lies within one of another owner; with ``tag``, for that owner's only.

    ``rows`` are those of the table address. Networks are nested or apart, so it is enough to look up each one's wider
    networks: as many look-ups as there are different masks, and no comparison of all with all.
    """
    ordered = [
        (_network(row), row)
        for row in (
            Row(values, label) for values, label in in_order_of_looking((row.values, row.label) for row in rows)
        )
    ]
    by_network: dict[Network, list[tuple[int, Row]]] = defaultdict(list)
    for rank, (network, row) in enumerate(ordered):
        by_network[network].append((rank, row))
    masks = {bits: sorted({network[1] for network in by_network if network[0] == bits}) for bits in (32, 128)}
    warnings = []
    for network in sorted(by_network, key=lambda network: by_network[network][0][1].pk):
        around = [each for wider in _wider(network, masks[network[0]]) for each in by_network.get(wider, ())]
        if len({row.values[5] for _, row in around}) > 1 and (
            tag is None or any(row.values[5] == tag for _, row in around)
        ):
            warnings.append(_warning(by_network[network][0][1], around))
    rest = len(warnings) - SHOWN_OVERLAPS
    if rest > 0:
        more = Notice("Source networks", f"{rest} more belong to two owners; manage.py who_is ADDRESS names them.")
        return [*warnings[:SHOWN_OVERLAPS], more]
    return warnings


def _network(row: Row) -> Network:
    _, _, ip_addr, mask, _, _ = row.values
    bits = host_mask(ip_addr)
    family = socket.AF_INET6 if bits == 128 else socket.AF_INET
    number = int.from_bytes(socket.inet_pton(family, str(ip_addr)), "big")
    return bits, int(mask or 0), number >> (bits - int(mask or 0))


def _wider(network: Network, masks: list[int]) -> Iterable[Network]:
    bits, mask, number = network
    return ((bits, each, number >> (mask - each)) for each in masks if each <= mask)


def _warning(row: Row, around: list[tuple[int, Row]]) -> Notice:
    """Name the others, and whose a request from the narrowest of the networks is."""
    _, winner = min(around, key=lambda each: (each[1].values[1] != PBXS_GROUP, each[0]))
    others = {
        f"{other.values[2]}/{other.values[3]} of {other.label}": None
        for _, other in around
        if other.values[5] != row.values[5]
    }
    network = f"{row.values[2]}/{row.values[3]}"
    return Notice(
        row.label,
        f"{network} overlaps with {some(others)}: a request from there counts as coming from {winner.label}.",
    )
