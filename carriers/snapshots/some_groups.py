"""Some carrier groups as records, for pages that need only a few: reading all carriers would cost too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from carriers.models import AuthCredential, CarrierGroup, Endpoint
from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord, credential_record


def read_groups(keys: Collection[int]) -> Carriers:
    """Read the carrier groups with these keys, with their endpoints and credentials and nothing else.

    For questions about each group by itself, such as its registration; a plan needs ``read_carriers``.
    """
    endpoints: dict[int, list[EndpointRecord]] = defaultdict(list)
    rows = Endpoint.objects.filter(group__in=keys).order_by("group_id", "position", "pk")
    for group_pk, *values in rows.values_list("group_id", *EndpointRecord._fields):
        endpoints[group_pk].append(EndpointRecord(*values))
    credentials = {row.group_id: credential_record(row) for row in AuthCredential.objects.filter(group__in=keys)}
    groups = {
        pk: GroupRecord(pk, name, enabled, selection, tuple(endpoints[pk]), (), credentials.get(pk), socket=socket)
        for pk, name, enabled, selection, socket in CarrierGroup.objects.filter(pk__in=keys)
        .order_by("pk")
        .values_list("pk", "name", "enabled", "selection", "socket")
    }
    return Carriers(groups, {}, (), ())
