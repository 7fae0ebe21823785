"""Accept rows of address: the source networks of carrier groups and PBXs."""

from __future__ import annotations

from django.db import models

from carriers.models import PBX, CarrierGroup, SourceNetwork
from kamailio_bridge.drift.accepted import CannotAccept, Handler, found_values, get_locked, save_valid
from kamailio_bridge.drift.compare import RowDrift
from kamailio_bridge.modules.permissions import ADDRESSES
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, row_id

TABLE = ADDRESSES


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
    kind, _, key = str(found_values(row)["tag"]).partition("-")
    if not key.isdecimal():
        raise CannotAccept(f"The row's tag “{found_values(row)['tag']}” names no carrier group or PBX: restore it.")
    owner = get_locked(CarrierGroup if kind == "carrier" else PBX, int(key))
    source = SourceNetwork(**{"group" if kind == "carrier" else "pbx": owner}, network=_network(row))
    save_valid(source)
    return owner


def _owner(source: SourceNetwork) -> models.Model:
    owner = source.group or source.pbx
    assert owner is not None  # noqa: S101 - for the type checker: the database sees to it
    return owner
