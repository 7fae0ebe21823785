"""The consequences of deleting or disabling objects of the carriers, for the pages that ask before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import models

from carriers.models import PBX, CarrierGroup, Condition, Endpoint, InboundRoute, OutboundRoute
from carriers.snapshots.records import read_carriers
from kamailio_bridge.preview.losses import Removal, consequences
from kamailio_bridge.rows.types import Notice


def consequences_of(objects: Iterable[models.Model]) -> list[Notice]:
    """Name what would end without these carrier groups, endpoints, PBXs, conditions or routes."""
    keys: dict[type[models.Model], set[int]] = defaultdict(set)
    for thing in objects:
        keys[type(thing)].add(thing.pk)
    removal = Removal(
        groups=keys[CarrierGroup],
        endpoints=keys[Endpoint],
        pbxs=keys[PBX],
        outbound_routes=keys[OutboundRoute],
        inbound_routes=keys[InboundRoute],
        conditions=keys[Condition],
    )
    return consequences(read_carriers(), removal)
