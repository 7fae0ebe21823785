"""Whose a source address is: the rule by which Kamailio's permissions module finds it among the address rows.

PBXs (group 9) are looked up before carriers (group 8), as in ``kamailio.cfg``, so a PBX's wide network wins over a
carrier's single address. Within a group single addresses come before networks. Of equal single addresses the last row
counts, because Kamailio puts each in front of the others; of networks that overlap the first row, however wide it is.
All measured (docs/kamailio-facts.md#order-of-look-up).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import NamedTuple

from kamailio_bridge.modules.sources.address_table import (
    ADDRESSES,
    CARRIERS_GROUP,
    GRP,
    IP_ADDR,
    MASK,
    PBXS_GROUP,
    PORT,
    TAG,
    host_mask,
)
from kamailio_bridge.rows.types import Values
from kamailio_bridge.tables.models import Address

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Source(NamedTuple):
    """One row that admits a network. ``owner`` is in the operator's words; a ``port`` other than 0 admits only that."""

    grp: int
    network: str
    port: int
    tag: str
    owner: str

    @property
    def words(self) -> str:
        return f"{self.network} of {self.owner}" + (f", from port {self.port} only" if self.port else "")


def sources_with(address: IPAddress, rows: Iterable[tuple[Values, str]]) -> list[Source]:
    """Return the rows of the table address (with their owners) that hold ``address``, in the order of look-up.

    ``rows`` come by primary key, as Kamailio loads them.
    """
    hosts: list[Source] = []
    networks: list[Source] = []
    for values, owner in rows:
        ip_addr, port, tag = values[IP_ADDR], values[PORT], values[TAG]
        bits = int(values[MASK] or 0) or host_mask(ip_addr)  # Kamailio reads a mask of 0 as that of a single address
        if holds(str(ip_addr), bits, address):
            source = Source(int(values[GRP] or 0), f"{ip_addr}/{bits}", int(port or 0), str(tag or ""), owner)
            if bits == host_mask(ip_addr):
                hosts.insert(0, source)
            else:
                networks.append(source)
    return hosts + networks


def sources_in_tables(address: IPAddress, owner_of: Callable[[int, str], str]) -> list[Source]:
    """Return all rows that hold ``address``, other programs' too; ``owner_of(key, tag)`` names a row's owner."""
    rows = Address.objects.order_by("pk").values_list(*ADDRESSES.columns)
    return sources_with(address, ((row, owner_of(row[0], str(row[TAG] or ""))) for row in rows))


def holds(ip_addr: str, mask: int, address: IPAddress) -> bool:
    """Say whether a network holds an address. A row without an address, such as a name, never does."""
    if (address.version == 6) != (":" in ip_addr):
        return False
    try:
        return address in ipaddress.ip_network((ip_addr, mask), strict=False)
    except ValueError:
        return False


def admitting(sources: Iterable[Source]) -> Source | None:
    """Return the source by which a request is admitted, None for 403; ``sources`` are in the order of look-up."""
    candidates = [source for source in sources if not source.port]
    for group in (PBXS_GROUP, CARRIERS_GROUP):
        for source in candidates:
            if source.grp == group:
                return source
    return None
