"""Accept rows of address: the source networks of carrier groups and PBXs."""

from __future__ import annotations

from django.db import models

from carriers.models import PBX, CarrierGroup, SourceNetwork
from kamailio_bridge.modules.acceptance.accepted import CannotAccept, Handler, found_values, get_locked, save_valid
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, row_id
from kamailio_bridge.rows.marks import GROUP_TAG, PBX_TAG, object_key
from kamailio_bridge.rows.row_drift import RowDrift


def handler_of(row: RowDrift) -> Handler | None:
    """Return what accepts the row; None if it can only be restored, as endpoints' own addresses."""
    if row.pk >= row_id(0, ENDPOINT_ADDRESS_OFFSET):
        return None
    return {"changed": _change_source, "added": _add_source, "deleted": _delete_source}[row.kind]


def _network(row: RowDrift) -> str:
    found = found_values(row)
    return f"{found['ip_addr']}/{found['mask']}"


def _change_source(row: RowDrift) -> models.Model:
    source = get_locked(SourceNetwork, row.pk - row_id(0))
    if {column for column, _, _ in row.columns} - {"ip_addr", "mask"}:
        raise CannotAccept("Only the network of a source can be accepted: restore the row.")
    source.network = _network(row)
    save_valid(source)
    return _owner(source)


def _delete_source(row: RowDrift) -> models.Model:
    source = get_locked(SourceNetwork, row.pk - row_id(0))
    owner = _owner(source)
    source.delete()
    return owner


def _add_source(row: RowDrift) -> models.Model:
    tag = found_values(row)["tag"]
    group, pbx = object_key(tag, GROUP_TAG), object_key(tag, PBX_TAG)
    if group is not None:
        source = SourceNetwork(group=get_locked(CarrierGroup, group), network=_network(row))
    elif pbx is not None:
        source = SourceNetwork(pbx=get_locked(PBX, pbx), network=_network(row))
    else:
        raise CannotAccept(f"The row's tag “{tag}” names no carrier group or PBX: restore it.")
    save_valid(source)
    return _owner(source)


def _owner(source: SourceNetwork) -> models.Model:
    owner = source.group or source.pbx
    assert owner is not None  # noqa: S101 - for the type checker: the database sees to it
    return owner
