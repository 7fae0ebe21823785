"""Phrases of a preview for routes and conditions: see ``record_words.py``."""

from __future__ import annotations

from carriers.labels import group_label, pbx_label
from carriers.refusals import refusal_in_words
from carriers.snapshots.records import Carriers
from carriers.snapshots.route_records import ConditionRecord, InboundRouteRecord, OutboundRouteRecord

SHOWN_NAMES = 30  # of carrier groups in one line, about as many as a call can try


def where_it_leads(carriers: Carriers, route: OutboundRouteRecord) -> str:
    """Say where the calls of an outbound route go."""
    only = _only_if(carriers, route.condition)
    if route.refuse_code is not None:
        return f"refuses its calls with {refusal_in_words(route.refuse_code, route.refuse_reason)}{only}"
    return f"{_groups_of(carriers, route)}{only}"


def _only_if(carriers: Carriers, condition: int | None) -> str:
    return "" if condition is None else f", only if {condition_name(carriers, condition)}"


def condition_name(carriers: Carriers, pk: int) -> str:
    """Return the name of a condition in quotes."""
    return f"“{carriers.conditions[pk].name}”" if pk in carriers.conditions else "a condition that is gone"


def _groups_of(carriers: Carriers, route: OutboundRouteRecord) -> str:
    names = [carriers.groups[pk].name + _limits(carriers, route, pk) for pk in route.groups if pk in carriers.groups]
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", then ".join(names[:SHOWN_NAMES]) + more if names else "no carrier group"


def _limits(carriers: Carriers, route: OutboundRouteRecord, group: int) -> str:
    share, condition = route.share_of(group), route.condition_of(group)
    words = [f"share {share}"] if share else []
    words += [f"only if {condition_name(carriers, condition)}"] if condition is not None else []
    return f" ({', '.join(words)})" if words else ""


def pbx_of(carriers: Carriers, route: InboundRouteRecord) -> str:
    """Return the labels of the PBXs that an inbound route leads to."""
    words = [_pbx(carriers, route.pbx)]
    words += [
        f"calls of {group_label(carriers.groups[each.group])} to {_pbx(carriers, each.pbx)}"
        for each in route.carriers
        if each.group in carriers.groups
    ]
    return ", ".join(words)


def _pbx(carriers: Carriers, pk: int) -> str:
    return pbx_label(carriers.pbxs[pk]) if pk in carriers.pbxs else "no PBX"


def pbxs_of(carriers: Carriers, condition: ConditionRecord) -> str:
    """Say whose calls meet a condition."""
    if condition.any_pbx:
        return "calls of every PBX"
    names = [pbx_label(carriers.pbxs[pk]) for pk in condition.pbxs if pk in carriers.pbxs]
    return f"only calls of {' and '.join(names)}" if names else "no calls: it names no PBX"


def lead_change(old: tuple[Carriers, OutboundRouteRecord], new: tuple[Carriers, OutboundRouteRecord]) -> str:
    leads, led = where_it_leads(*new), where_it_leads(*old)
    if leads == led:  # it refuses its calls as before, so that its groups get none
        leads, led = f"carrier groups {_groups_of(*new)}", _groups_of(*old)
    return f"{leads} (before: {led})"
