"""Accept rows of mtree: the prefix of a route, and where it leads."""

from __future__ import annotations

from typing import Any

from django.db import models

from carriers.models import PBX, CarrierGroup, Condition, InboundRoute, OutboundRoute, OutboundRouteGroup
from carriers.refusals import reason_of
from kamailio_bridge.modules.acceptance.accepted import (
    CannotAccept,
    Handler,
    expected_values,
    found_values,
    get_locked,
    save_valid,
)
from kamailio_bridge.rows.ids import INBOUND_OFFSET, PBX_OFFSET, ROUTE_OFFSET, row_id
from kamailio_bridge.rows.numbers import number_in
from kamailio_bridge.rows.routes_in_force import Answer
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.tree_entries import (
    INBOUND,
    ONLY_IF,
    OUTBOUND,
    Rule,
    answer_in,
    conditions_in,
    rule_in,
    sets_in,
    shares_in,
    without_rule,
)


def handler_of(row: RowDrift) -> Handler | None:
    """Return what accepts the row; None if it can only be restored, as new prefixes and the tree's own sentinel."""
    if row.kind == "added" or row.pk == row_id(0, ROUTE_OFFSET):
        return None
    is_inbound = row.pk > row_id(0, INBOUND_OFFSET)
    if row.kind == "deleted":
        return _disable_inbound_route if is_inbound else _disable_outbound_route
    return _change_inbound_route if is_inbound else _change_outbound_route


def _disable_outbound_route(row: RowDrift) -> models.Model:
    return _disable(get_locked(OutboundRoute, row.pk - row_id(0)))


def _disable_inbound_route(row: RowDrift) -> models.Model:
    return _disable(get_locked(InboundRoute, row.pk - row_id(0, INBOUND_OFFSET)))


def _disable(route: Any) -> models.Model:
    route.enabled = False
    save_valid(route)
    return route


def _change_outbound_route(row: RowDrift) -> models.Model:
    """Accept the prefix and the carrier groups in their order; those that no calls can go to stay at the end.

    A row that refuses calls makes the route refuse them, and removes its carrier groups. Shares and conditions are
    accepted, too.
    """
    route = get_locked(OutboundRoute, row.pk - row_id(0))
    route.prefix = _prefix(row, OUTBOUND)
    route.condition = _condition(row)
    answer = answer_in(found_values(row)["tvalue"])
    if answer is not None:
        return _answer_calls(route, answer, row)
    route.refuse_code, route.refuse_reason = None, ""
    save_valid(route)
    groups = [get_locked(CarrierGroup, key) for key in _sets(row, 0)]
    shares, conditions = _shares(row), _conditions(row)
    before = list(OutboundRouteGroup.objects.filter(route=route).select_related("group").order_by("position", "pk"))
    for entry in before:
        if entry.group in groups:
            continue
        if entry.group_id in _keys_in(expected_values(row)["tvalue"], 0):
            entry.delete()
        else:
            groups.append(entry.group)
    entries = {entry.group_id: entry for entry in before}
    for position, group in enumerate(groups, start=1):
        entry = entries.get(group.pk) or OutboundRouteGroup(route=route, group=group)
        entry.position = position
        if group.pk in shares:
            entry.share = shares[group.pk] or None
            entry.condition = conditions[group.pk]
        save_valid(entry)
    return route


def _answer_calls(route: OutboundRoute, answer: Answer, row: RowDrift) -> models.Model:
    if not answer.refuses and without_rule(found_values(row)["tvalue"]) != without_rule(expected_values(row)["tvalue"]):
        raise CannotAccept("The row does not say which carrier groups to leave out: restore it.")
    if answer.refuses and (route.refuse_code, reason_of(route.refuse_code or 0, route.refuse_reason)) != answer[:2]:
        route.refuse_code, route.refuse_reason = answer.code, answer.reason
        for entry in route.route_groups.all():
            entry.delete()
    save_valid(route)
    return route


def _change_inbound_route(row: RowDrift) -> models.Model:
    route = get_locked(InboundRoute, row.pk - row_id(0, INBOUND_OFFSET))
    route.prefix = _prefix(row, INBOUND)
    if _rule_without_length(found_values(row)) != _rule_without_length(expected_values(row)):
        raise CannotAccept("The row does not say which carrier groups' calls go to other PBXs: restore it.")
    if without_rule(found_values(row)["tvalue"]) == without_rule(expected_values(row)["tvalue"]):
        save_valid(route)
        return route
    keys = _sets(row, PBX_OFFSET)
    if len(keys) != 1:
        raise CannotAccept("An inbound route leads to one PBX, and the row names several: restore it.")
    route.pbx = get_locked(PBX, keys[0])
    save_valid(route)
    return route


def _prefix(row: RowDrift, letter: str) -> str:
    text = str(found_values(row)["tprefix"])
    if not text.startswith(letter):
        raise CannotAccept(f"The row's prefix “{text}” does not begin with “{letter}”, as ours do: restore it.")
    return text.removeprefix(letter)


def _sets(row: RowDrift, offset: int) -> list[int]:
    text = found_values(row)["tvalue"]
    keys = _keys_in(text, offset)
    if not keys or len(keys) != len(sets_in(text)):
        raise CannotAccept(f"The row's value “{text}” is no list of carrier groups or PBXs: restore it.")
    return keys


def _condition(row: RowDrift) -> Condition | None:
    """Return the condition of the route that the row names."""
    rule = rule_in(found_values(row)["tvalue"])
    if rule is not None and rule.kind != ONLY_IF:
        raise CannotAccept("The row has a rule of an inbound route: restore it.")
    return get_locked(Condition, rule.key) if rule is not None and rule.key else None


def _conditions(row: RowDrift) -> dict[int, Condition | None]:
    """Return the condition of each carrier group that the row names, None for none."""
    text = found_values(row)["tvalue"]
    keys, written = _keys_in(text, 0), conditions_in(text)
    conditions = [number for number in map(number_in, written) if number is not None]
    if written and len(conditions) != len(keys):
        raise CannotAccept(f"The conditions in the row's value “{text}” do not fit its carrier groups: restore it.")
    found = [get_locked(Condition, pk) if pk else None for pk in conditions or [0] * len(keys)]
    return dict(zip(keys, found, strict=True))


def _rule_without_length(values: dict[str, Any]) -> Rule | None:
    rule = rule_in(values["tvalue"])
    return rule._replace(length=0) if rule is not None else None


def _shares(row: RowDrift) -> dict[int, int]:
    """Return the share of each carrier group that the row names, 0 for none."""
    text = found_values(row)["tvalue"]
    keys, written = _keys_in(text, 0), shares_in(text)
    shares = [number for number in map(number_in, written) if number is not None]
    if written and len(shares) != len(keys):
        raise CannotAccept(f"The shares in the row's value “{text}” do not fit its carrier groups: restore it.")
    return dict(zip(keys, shares or [0] * len(keys), strict=True))


def _keys_in(text: object, offset: int) -> list[int]:
    """Return the keys of the objects whose sets a value names, each once."""
    numbers = [number for number in map(number_in, sets_in(text)) if number is not None]
    return [key for key in dict.fromkeys(number - row_id(0, offset) for number in numbers) if key > 0]
