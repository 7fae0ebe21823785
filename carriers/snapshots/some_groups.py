"""Some carrier groups as records, for pages that need only a few: reading all carriers would cost too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from carriers.models import AuthCredential, CarrierGroup, Endpoint
from carriers.passwords.hidden import hidden_secret
from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord, credential_record

_SETTINGS = ("socket", "ca_certificates", "client_certificate", "certificate_names", "verify_certificate")


def read_groups(keys: Collection[int]) -> Carriers:
    """Read the carrier groups with these keys, with their endpoints, credentials and TLS and nothing else.

    For questions about each group by itself, such as its registration; a plan needs ``read_carriers``.
    """
    endpoints: dict[int, list[EndpointRecord]] = defaultdict(list)
    rows = Endpoint.objects.filter(group__in=keys).order_by("group_id", "position", "pk")
    for group_pk, *values in rows.values_list("group_id", *EndpointRecord._fields):
        endpoints[group_pk].append(EndpointRecord(*values))
    credentials = {row.group_id: credential_record(row) for row in AuthCredential.objects.filter(group__in=keys)}
    columns = ("pk", "name", "enabled", "selection", "client_key_ciphertext", *_SETTINGS)
    groups = {
        pk: GroupRecord(
            pk,
            name,
            enabled,
            selection,
            tuple(endpoints[pk]),
            (),
            credentials.get(pk),
            client_key=hidden_secret(key),
            **dict(zip(_SETTINGS, settings, strict=True)),
        )
        for pk, name, enabled, selection, key, *settings in CarrierGroup.objects.filter(pk__in=keys)
        .order_by("pk")
        .values_list(*columns)
    }
    return Carriers(groups, {}, (), ())
