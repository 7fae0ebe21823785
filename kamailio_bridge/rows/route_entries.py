"""The value of each route in force in the prefix tree, as a pure function of the carriers."""

from __future__ import annotations

from collections.abc import Iterator

from carriers.snapshots.records import Carriers
from carriers.snapshots.route_records import InboundRouteRecord, OutboundRouteRecord
from kamailio_bridge.rows.ids import pbx_set_id, set_id
from kamailio_bridge.rows.routes_in_force import answer_of, calling_groups
from kamailio_bridge.rows.tree_entries import (
    BY_CARRIER,
    ONLY_IF,
    UNAVAILABLE,
    Rule,
    entry_of_answer,
    entry_of_sets,
    with_rule,
)

NO_PBX = "none"  # of a carrier group's calls: they are answered 503


def outbound_entry(carriers: Carriers, route: OutboundRouteRecord) -> str | None:
    """Return the value of an outbound route, None if it is not in force."""
    if not route.enabled:
        return None
    answer, groups = answer_of(carriers, route), calling_groups(carriers, route)
    if answer is None and not groups:
        return None
    conditions = [route.condition_of(group.pk) or 0 for group in groups]
    value = (
        entry_of_answer(answer)
        if answer is not None
        else entry_of_sets(
            (set_id(group.pk) for group in groups), (route.share_of(group.pk) for group in groups), conditions
        )
    )
    if route.condition is None and (answer is not None or not any(conditions)):
        return value
    return with_rule(value, Rule(ONLY_IF, route.condition or 0, len(route.prefix), route.fall_through))


def inbound_entry(carriers: Carriers, route: InboundRouteRecord) -> str | None:
    """Return the value of an inbound route, None if it is not in force."""
    pbx = carriers.pbxs.get(route.pbx)
    if not route.enabled or pbx is None:
        return None
    value = entry_of_sets([pbx_set_id(pbx.pk)]) if pbx.enabled else UNAVAILABLE
    if any(carrier_pbxs(carriers, route)):
        return with_rule(value, Rule(BY_CARRIER, route.pk, len(route.prefix), route.fall_through))
    return value if pbx.enabled or not route.fall_through else None


def route_carrier_key(route: int, group: int) -> str:
    """Return the key of the policy with the PBX of a carrier group's calls: ``b12:8``."""
    return f"b{route}:{group}"


def carrier_pbxs(carriers: Carriers, route: InboundRouteRecord) -> Iterator[tuple[int, int, str]]:
    """Yield for each carrier group with a PBX of its own: the key of the entry, the group's, and the set or ``NO_PBX``.

    If the PBX is disabled, the calls go to the route's own one when the route falls through.
    """
    for each in route.carriers if route.enabled else ():
        group, pbx = carriers.groups.get(each.group), carriers.pbxs.get(each.pbx)
        if group is None or not group.enabled or pbx is None:
            continue
        if pbx.enabled:
            yield each.pk, group.pk, str(pbx_set_id(pbx.pk))
        elif not route.fall_through:
            yield each.pk, group.pk, NO_PBX
