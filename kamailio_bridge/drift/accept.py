"""Accept into the carriers what somebody changed in Kamailio's tables, where the carriers can express it.

It is the other answer to drift beside restoring: a change that somebody made in the tables, and that works, becomes
part of the carriers. Only what both a row and the carriers contain can be accepted: an endpoint's address and digits, a
PBX's address, a source network, where a route leads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from carriers.fields import Transport
from carriers.models import (
    PBX,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from carriers.refusals import reason_of
from carriers.values.addresses import DEFAULT_SIP_PORT, parse_sip_address
from kamailio_bridge.drift.compare import RowDrift
from kamailio_bridge.modules.dispatcher import CARRIER_MARK, DESTINATIONS
from kamailio_bridge.modules.mtree import INBOUND, MARK, OUTBOUND, PREFIXES, answer_in
from kamailio_bridge.modules.permissions import ADDRESSES
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, INBOUND_OFFSET, PBX_OFFSET, ROUTE_OFFSET, is_moved, row_id
from kamailio_bridge.rows.routes_in_force import Answer

Found = dict[str, Any]


class CannotTakeOver(Exception):
    """The row does not say anything that the carriers could. ``str()`` is a sentence for the operator."""


def can_take_over(row: RowDrift) -> bool:
    """Say whether to offer it. Whether it succeeds depends on what the row says."""
    return _way(row) is not None


@transaction.atomic
def take_over_row(*, row: RowDrift) -> models.Model:
    """Make the carriers say what the row says, and return the group or PBX that changed. Raises ``CannotTakeOver``."""
    way = _way(row)
    if way is None:
        raise CannotTakeOver(f"What is in row {row.pk} of the table {row.table.name} can only be restored.")
    try:
        return way(row)
    except ValidationError as error:
        raise CannotTakeOver(f"The carriers can't be as the row is: {' '.join(error.messages)}") from None


def _way(row: RowDrift) -> Callable[[RowDrift], models.Model] | None:
    if is_moved(row.pk) and row.kind != "added":
        return None  # its key names no object (see ``keys``)
    if row.table is DESTINATIONS:
        return _way_of_destination(row)
    if row.table is ADDRESSES and row.pk < row_id(0, ENDPOINT_ADDRESS_OFFSET):
        return {"changed": _changed_source, "added": _added_source, "deleted": _deleted_source}[row.kind]
    if row.table is PREFIXES and row.kind != "added" and row.pk != row_id(0, ROUTE_OFFSET):
        is_inbound = row.pk > row_id(0, INBOUND_OFFSET)
        if row.kind == "deleted":
            return _disabled_inbound_route if is_inbound else _disabled_outbound_route
        return _changed_inbound_route if is_inbound else _changed_outbound_route
    return None


def _way_of_destination(row: RowDrift) -> Callable[[RowDrift], models.Model] | None:
    changed = {column for column, _, _ in row.columns}
    if row.kind == "added":
        return _added_endpoint if str(_found(row)["description"]).startswith(CARRIER_MARK) else None
    if row.pk > row_id(0, PBX_OFFSET):
        return _changed_pbx if row.kind == "changed" and changed == {"destination"} else None
    if row.kind == "deleted":
        return _disabled_endpoint
    return _changed_endpoint if changed <= {"destination", "attrs", "priority", "flags"} else None


def _found(row: RowDrift) -> Found:
    return dict(zip(row.table.columns, row.found or (), strict=True))


def _expected(row: RowDrift) -> Found:
    return dict(zip(row.table.columns, row.expected or (), strict=True))


def _get(model: type[models.Model], pk: int) -> Any:
    instance = model._default_manager.select_for_update().filter(pk=pk).first()
    if instance is None:
        noun = model._meta.verbose_name
        raise CannotTakeOver(f"The {noun} behind the row was deleted since: what is in the table can only be restored.")
    return instance


def _store(instance: models.Model) -> None:
    instance.full_clean()
    instance.save()


# --- dispatcher -------------------------------------------------------------------------------------------------------


def _changed_endpoint(row: RowDrift) -> models.Model:
    """Accept address, strip, prefix and weight, and the position; each only if it was changed."""
    endpoint = _get(Endpoint, row.pk - row_id(0))
    found, expected = _found(row), _expected(row)
    if found["destination"] != expected["destination"]:
        _set_address(endpoint, str(found["destination"]))
    if found["attrs"] != expected["attrs"]:
        _set_digits(endpoint, str(found["attrs"]))
    _store(endpoint)
    if found["priority"] != expected["priority"]:
        _reorder(endpoint.group, row.table.stored())
    return endpoint.group


def _set_address(owner: Any, destination: str) -> None:
    address = parse_sip_address(destination)
    owner.host = address.host
    owner.port = address.port or DEFAULT_SIP_PORT
    owner.transport = address.transport or Transport.UDP


def _set_digits(endpoint: Endpoint, text: str) -> None:
    attrs = dict(part.partition("=")[::2] for part in text.split(";"))
    for name, default in (("strip", "0"), ("rweight", str(endpoint.weight))):
        if not attrs.get(name, default).isdecimal():
            raise CannotTakeOver(f"The row's attributes “{text}” have a {name} that is no number: put the row back.")
    endpoint.strip = int(attrs.get("strip", "0"))
    endpoint.prefix = attrs.get("prefix", "")
    endpoint.weight = int(attrs.get("rweight", endpoint.weight))


def _reorder(group: CarrierGroup, stored: dict[int, Any]) -> None:
    """Put the group's endpoints in the order of the priorities in the table; those without a row go to the end."""
    column = DESTINATIONS.columns.index("priority")
    priorities = {pk - row_id(0): values[column] for pk, values in stored.items()}
    endpoints = sorted(
        group.endpoints.select_for_update(),
        key=lambda endpoint: (-priorities.get(endpoint.pk, -1), endpoint.position, endpoint.pk),
    )
    for position, endpoint in enumerate(endpoints, start=1):
        if endpoint.position != position:
            endpoint.position = position
            _store(endpoint)


def _disabled_endpoint(row: RowDrift) -> models.Model:
    endpoint = _get(Endpoint, row.pk - row_id(0))
    endpoint.enabled = False
    _store(endpoint)
    return endpoint.group


def _added_endpoint(row: RowDrift) -> models.Model:
    found = _found(row)
    key = str(found["description"]).removeprefix(CARRIER_MARK)
    if not key.isdecimal():
        raise CannotTakeOver(f"The row's description “{found['description']}” names no carrier group: restore it.")
    group = _get(CarrierGroup, int(key))
    last = group.endpoints.order_by("-position").values_list("position", flat=True).first()
    endpoint = Endpoint(group=group, position=(last or 0) + 1)
    _set_address(endpoint, str(found["destination"]))
    _set_digits(endpoint, str(found["attrs"]))
    _store(endpoint)
    return group


def _changed_pbx(row: RowDrift) -> models.Model:
    pbx = _get(PBX, row.pk - row_id(0, PBX_OFFSET))
    _set_address(pbx, str(_found(row)["destination"]))
    _store(pbx)
    return pbx


# --- address ----------------------------------------------------------------------------------------------------------


def _network(row: RowDrift) -> str:
    found = _found(row)
    return f"{found['ip_addr']}/{found['mask']}"


def _changed_source(row: RowDrift) -> models.Model:
    source = _get(SourceNetwork, row.pk - row_id(0))
    if {column for column, _, _ in row.columns} - {"ip_addr", "mask"}:
        raise CannotTakeOver("Only the network of a source can be accepted: restore the row.")
    source.network = _network(row)
    _store(source)
    return _owner(source)


def _deleted_source(row: RowDrift) -> models.Model:
    source = _get(SourceNetwork, row.pk - row_id(0))
    owner = _owner(source)
    source.delete()
    return owner


def _added_source(row: RowDrift) -> models.Model:
    kind, _, key = str(_found(row)["tag"]).partition("-")
    if not key.isdecimal():
        raise CannotTakeOver(f"The row's tag “{_found(row)['tag']}” names no carrier group or PBX: restore it.")
    owner = _get(CarrierGroup if kind == "carrier" else PBX, int(key))
    source = SourceNetwork(**{"group" if kind == "carrier" else "pbx": owner}, network=_network(row))
    _store(source)
    return owner


def _owner(source: SourceNetwork) -> models.Model:
    owner = source.group or source.pbx
    assert owner is not None  # noqa: S101 - for the type checker: the database sees to it
    return owner


# --- mtree ------------------------------------------------------------------------------------------------------------


def _disabled_outbound_route(row: RowDrift) -> models.Model:
    return _disabled(_get(OutboundRoute, row.pk - row_id(0)))


def _disabled_inbound_route(row: RowDrift) -> models.Model:
    return _disabled(_get(InboundRoute, row.pk - row_id(0, INBOUND_OFFSET)))


def _disabled(route: Any) -> models.Model:
    route.enabled = False
    _store(route)
    return route


def _changed_outbound_route(row: RowDrift) -> models.Model:
    """Accept the prefix and the carrier groups in their order; those that no calls can go to stay at the end.

    A row that refuses calls makes the route refuse them, and removes its carrier groups.
    """
    route = _get(OutboundRoute, row.pk - row_id(0))
    route.prefix = _prefix(row, OUTBOUND)
    answer = answer_in(_found(row)["tvalue"])
    if answer is not None:
        return _answering(route, answer, row)
    route.refuse_code, route.refuse_reason = None, ""
    _store(route)
    groups = [_get(CarrierGroup, key) for key in _sets(row, 0)]
    before = list(OutboundRouteGroup.objects.filter(route=route).select_related("group").order_by("position", "pk"))
    for entry in before:
        if entry.group in groups:
            continue
        if entry.group_id in _keys_in(_expected(row)["tvalue"], 0):
            entry.delete()
        else:
            groups.append(entry.group)
    entries = {entry.group_id: entry for entry in before}
    for position, group in enumerate(groups, start=1):
        entry = entries.get(group.pk) or OutboundRouteGroup(route=route, group=group)
        entry.position = position
        _store(entry)
    return route


def _answering(route: OutboundRoute, answer: Answer, row: RowDrift) -> models.Model:
    if not answer.refuses and _found(row)["tvalue"] != _expected(row)["tvalue"]:
        raise CannotTakeOver("The row does not say which carrier groups to leave out: restore it.")
    if answer.refuses and (route.refuse_code, reason_of(route.refuse_code or 0, route.refuse_reason)) != answer[:2]:
        route.refuse_code, route.refuse_reason = answer.code, answer.reason
        for entry in route.route_groups.all():
            entry.delete()
    _store(route)
    return route


def _changed_inbound_route(row: RowDrift) -> models.Model:
    route = _get(InboundRoute, row.pk - row_id(0, INBOUND_OFFSET))
    route.prefix = _prefix(row, INBOUND)
    if _found(row)["tvalue"] == _expected(row)["tvalue"]:
        _store(route)
        return route
    keys = _sets(row, PBX_OFFSET)
    if len(keys) != 1:
        raise CannotTakeOver("An inbound route leads to one PBX, and the row names several: restore it.")
    route.pbx = _get(PBX, keys[0])
    _store(route)
    return route


def _prefix(row: RowDrift, letter: str) -> str:
    text = str(_found(row)["tprefix"])
    if not text.startswith(letter):
        raise CannotTakeOver(f"The row's prefix “{text}” does not begin with “{letter}”, as ours do: restore it.")
    return text.removeprefix(letter)


def _sets(row: RowDrift, offset: int) -> list[int]:
    text = _found(row)["tvalue"]
    keys = _keys_in(text, offset)
    if not keys or len(keys) != str(text).count(";") + 1:
        raise CannotTakeOver(f"The row's value “{text}” is no list of carrier groups or PBXs: restore it.")
    return keys


def _keys_in(text: object, offset: int) -> list[int]:
    """Return the keys of the objects whose sets a value names, each once."""
    numbers = [part for part in str(text).removeprefix(MARK).split(";") if part.isdecimal()]
    return [key for key in dict.fromkeys(int(number) - row_id(0, offset) for number in numbers) if key > 0]
