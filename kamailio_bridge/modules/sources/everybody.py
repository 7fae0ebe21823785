"""Sources that together admit (nearly) everybody: forms refuse a /0, but several networks can add up to one.

For IPv6 only the addresses of the internet count, 2000::/3. Half of a family counts as nearly everybody.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kamailio_bridge.modules.base import join_first
from kamailio_bridge.modules.sources.address_table import IP_ADDR, MASK, TAG, host_mask, network_of
from kamailio_bridge.rows.types import Notice, Row

HALF = 0.5


class _Family(NamedTuple):
    """The addresses of a family that count, from ``first`` to before ``end``."""

    name: str
    bits: int
    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first


IPV4 = _Family("IPv4", 32, 0, 1 << 32)
IPV6 = _Family("IPv6", 128, 1 << 125, 1 << 126)


def everybody_warnings(rows: Iterable[Row], tag: str | None = None) -> list[Notice]:
    """Return a warning for each owner whose sources are half of a family or more, or else for all owners together.

    ``rows`` are those of the table address. With ``tag``, only warnings that concern this owner.
    """
    networks = [row for row in rows if row.values[MASK] != host_mask(row.values[IP_ADDR])]
    return [notice for family in (IPV4, IPV6) for notice in _warnings(networks, family, tag)]


def _warnings(rows: list[Row], family: _Family, tag: str | None) -> Iterator[Notice]:
    rows = [row for row in rows if host_mask(row.values[IP_ADDR]) == family.bits]
    if sum(1 << (family.bits - int(row.values[MASK] or 0)) for row in rows) < family.size * HALF:
        return  # most sources are small, and the sum is cheap
    owned: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        owned[str(row.values[TAG])].append(row)
    wide = {owner: own for owner, own in owned.items() if _share(own, family) >= HALF}
    for owner, own in wide.items():
        if tag in (None, owner):
            share = _share(own, family)
            text = f"its sources admit {_everybody(share)}: {_hold(_by_size(own, family), share, family)}."
            yield Notice(own[0].owner, text)
    share = _share(rows, family)
    if not wide and share >= HALF and (tag is None or _share(owned.get(tag, []), family)):
        owners = sorted(owned.values(), key=lambda own: -_share(own, family))
        whose = [f"{join_first(_by_size(own, family), 3)} of {own[0].owner}" for own in owners]
        yield Notice("Source networks", f"together admit {_everybody(share)}: {_hold(whose, share, family)}.")


def _share(rows: list[Row], family: _Family) -> float:
    """Return how much of the family the networks hold, from 0 to 1."""
    held, reached = 0, 0
    for first, end in sorted(_span(row, family) for row in rows):
        held += max(0, end - max(first, reached))
        reached = max(reached, end)
    return held / family.size


def _span(row: Row, family: _Family) -> tuple[int, int]:
    """Return the part of the family that a network holds, (0, 0) for none."""
    try:
        first = int(ipaddress.ip_address(str(row.values[IP_ADDR])))
    except ValueError:
        return 0, 0
    start, end = max(first, family.first), min(first + (1 << (family.bits - int(row.values[MASK] or 0))), family.end)
    return (start, end) if start < end else (0, 0)


def _by_size(rows: list[Row], family: _Family) -> list[str]:
    spans = [(row, _span(row, family)) for row in rows]
    held = sorted(((row, span) for row, span in spans if span[0] < span[1]), key=lambda each: each[1][0] - each[1][1])
    return [network_of(row) for row, _ in held]


def _everybody(share: float) -> str:
    return "everybody" if share == 1 else "nearly everybody"


def _hold(what: list[str], share: float, family: _Family) -> str:
    part = "all" if share == 1 else f"{share:.0%} of all"
    return f"{join_first(what)} {'is' if len(what) == 1 else 'are'} {part} {family.name} addresses"
