"""Accept rows of dispatcher: an endpoint's address, digits, weight and position, and a PBX's address."""

from __future__ import annotations

from typing import Any

from django.db import models

from carriers.fields import Transport
from carriers.models import PBX, CarrierGroup, Endpoint
from carriers.values.addresses import parse_sip_address, usual_port
from kamailio_bridge.modules.acceptance.accepted import (
    CannotAccept,
    Handler,
    expected_values,
    found_values,
    get_locked,
    save_valid,
)
from kamailio_bridge.nodes.sockets.sip_sockets import DEFAULT
from kamailio_bridge.rows.attrs import split_attrs
from kamailio_bridge.rows.ids import BACKUP_OFFSET, PBX_OFFSET, row_id
from kamailio_bridge.rows.marks import GROUP_MARK, object_key
from kamailio_bridge.rows.numbers import number_in
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Table


def handler_of(row: RowDrift) -> Handler | None:
    """Return what accepts the row; None if it can only be restored."""
    changed = {column for column, _, _ in row.columns}
    if row.kind == "added":
        return _add_endpoint if str(found_values(row)["description"]).startswith(GROUP_MARK) else None
    if row.pk > row_id(0, BACKUP_OFFSET):
        return None  # one of several addresses in a field: it can only be restored
    if row.pk > row_id(0, PBX_OFFSET):
        return _change_pbx if row.kind == "changed" and changed == {"destination"} else None
    if row.kind == "deleted":
        return _disable_endpoint
    return _change_endpoint if changed <= {"destination", "attrs", "priority", "flags"} else None


def _change_endpoint(row: RowDrift) -> models.Model:
    """Accept address, strip, prefix, weight and socket, and the position; each only if it was changed."""
    endpoint = get_locked(Endpoint, row.pk - row_id(0))
    found, expected = found_values(row), expected_values(row)
    if found["destination"] != expected["destination"]:
        _set_address(endpoint, str(found["destination"]))
    if found["attrs"] != expected["attrs"]:
        _set_digits(endpoint, str(found["attrs"]))
    save_valid(endpoint)
    if found["priority"] != expected["priority"]:
        _reorder(endpoint.group, row.table)
    return endpoint.group


def _set_address(owner: Any, destination: str) -> None:
    address = parse_sip_address(destination)
    owner.host = address.host
    owner.port = address.port or usual_port(address.host, address.transport)
    owner.transport = address.transport or Transport.UDP


def _set_digits(endpoint: Endpoint, text: str) -> None:
    attrs = split_attrs(text)
    for name, default in (("strip", "0"), ("rweight", str(endpoint.weight))):
        if number_in(attrs.get(name, default)) is None:
            raise CannotAccept(f"The row's attributes “{text}” have a {name} that is no number: restore it.")
    endpoint.strip = int(attrs.get("strip", "0"))
    endpoint.prefix = attrs.get("prefix", "")
    endpoint.weight = int(attrs.get("rweight", endpoint.weight))
    if attrs.get("sockname", "") != (endpoint.socket or endpoint.group.socket):
        endpoint.socket = attrs.get("sockname", "") or (DEFAULT if endpoint.group.socket else "")


def _reorder(group: CarrierGroup, destinations: Table) -> None:
    """Put the group's endpoints in the order of the priorities in the table; those without a row go to the end."""
    column = destinations.at("priority")
    priorities = {pk - row_id(0): int(values[column] or 0) for pk, values in destinations.stored().items()}
    endpoints = sorted(
        group.endpoints.select_for_update(),
        key=lambda endpoint: (-priorities.get(endpoint.pk, -1), endpoint.position, endpoint.pk),
    )
    for position, endpoint in enumerate(endpoints, start=1):
        if endpoint.position != position:
            endpoint.position = position
            save_valid(endpoint)


def _disable_endpoint(row: RowDrift) -> models.Model:
    endpoint = get_locked(Endpoint, row.pk - row_id(0))
    endpoint.enabled = False
    save_valid(endpoint)
    return endpoint.group


def _add_endpoint(row: RowDrift) -> models.Model:
    found = found_values(row)
    key = object_key(found["description"], GROUP_MARK)
    if key is None:
        raise CannotAccept(f"The row's description “{found['description']}” names no carrier group: restore it.")
    group = get_locked(CarrierGroup, key)
    last = group.endpoints.order_by("-position").values_list("position", flat=True).first()
    endpoint = Endpoint(group=group, position=(last or 0) + 1)
    _set_address(endpoint, str(found["destination"]))
    _set_digits(endpoint, str(found["attrs"]))
    save_valid(endpoint)
    return group


def _change_pbx(row: RowDrift) -> models.Model:
    pbx = get_locked(PBX, row.pk - row_id(0, PBX_OFFSET))
    _set_address(pbx, str(found_values(row)["destination"]))
    save_valid(pbx)
    return pbx
