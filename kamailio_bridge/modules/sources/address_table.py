"""The table address, and which of its rows are ours."""

from __future__ import annotations

from django.db.models import Q

from kamailio_bridge.rows.marks import GROUP_TAG, PBX_TAG
from kamailio_bridge.rows.types import Row, Table
from kamailio_bridge.tables.models import Address

CARRIERS_GROUP = 8  # dSIPRouter's numbers, which configurations in the field use
PBXS_GROUP = 9

ADDRESSES = Table(
    model=Address,
    columns=("id", "grp", "ip_addr", "mask", "port", "tag"),
    ours=Q(grp=CARRIERS_GROUP, tag__startswith=GROUP_TAG) | Q(grp=PBXS_GROUP, tag__startswith=PBX_TAG),
)
GRP, IP_ADDR, MASK, PORT, TAG = map(ADDRESSES.at, ("grp", "ip_addr", "mask", "port", "tag"))


def host_mask(ip_addr: object) -> int:
    """Return the mask of a single address."""
    return 128 if ":" in str(ip_addr) else 32


def network_of(row: Row) -> str:
    """Return the network that a row admits."""
    return f"{row.values[IP_ADDR]}/{row.values[MASK]}"
