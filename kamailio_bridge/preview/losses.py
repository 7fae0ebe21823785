"""Losses through a change of the carriers: routes, registrations and admissions that end. Pure.

The same comparison answers three questions: what the next apply ends, what deleting or disabling an object would end,
and what a form that was just saved has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from carriers.labels import (
    account_label,
    group_label,
    inbound_route_in_sentence,
    inbound_route_label,
    outbound_route_in_sentence,
    outbound_route_label,
    pbx_label,
)
from carriers.snapshots.records import Carriers, GroupRecord, SourceRecord
from carriers.snapshots.route_records import OutboundRouteRecord
from carriers.values.addresses import host_ip
from carriers.values.normal_forms import network_form
from kamailio_bridge.modules.base import join_first
from kamailio_bridge.rows.routes_in_force import (
    answering_routes,
    inbound_routes,
    inbound_routes_without_pbx,
    longest_prefix,
    outbound_routes,
)
from kamailio_bridge.rows.types import Notice


@dataclass(frozen=True)
class Removal:
    """Objects to delete or disable, by primary keys: both have the same effect on routing."""

    groups: Collection[int] = ()
    endpoints: Collection[int] = ()
    pbxs: Collection[int] = ()
    outbound_routes: Collection[int] = ()
    inbound_routes: Collection[int] = ()
    conditions: Collection[int] = ()


def consequences(carriers: Carriers, removal: Removal) -> list[Notice]:
    """Name what deleting or disabling the objects of ``removal`` would end."""
    return losses(carriers, without(carriers, removal))


def without(carriers: Carriers, removal: Removal) -> Carriers:
    """Return the carriers as they would be without the objects of ``removal`` and what is deleted with them."""
    return Carriers(
        groups={
            pk: _without_endpoints(group, removal.endpoints)
            for pk, group in carriers.groups.items()
            if pk not in removal.groups
        },
        pbxs={pk: pbx for pk, pbx in carriers.pbxs.items() if pk not in removal.pbxs},
        outbound_routes=tuple(
            route.without_groups([*removal.groups, *_groups_only_if(route, removal.conditions)])
            for route in carriers.outbound_routes
            if route.pk not in removal.outbound_routes and route.condition not in removal.conditions
        ),
        inbound_routes=tuple(
            route._replace(carriers=tuple(each for each in route.carriers if each.pbx not in removal.pbxs))
            for route in carriers.inbound_routes
            if route.pk not in removal.inbound_routes and route.pbx not in removal.pbxs
        ),
        conditions={pk: each for pk, each in carriers.conditions.items() if pk not in removal.conditions},
    )


def _groups_only_if(route: OutboundRouteRecord, conditions: Collection[int]) -> list[int]:
    """Return the carrier groups of a route that have one of the conditions."""
    return [group for group in route.groups if route.condition_of(group) in conditions]


def _without_endpoints(group: GroupRecord, keys: Collection[int]) -> GroupRecord:
    if not keys:
        return group
    return group._replace(endpoints=tuple(endpoint for endpoint in group.endpoints if endpoint.pk not in keys))


def losses(before: Carriers, after: Carriers) -> list[Notice]:
    """Name what is in force in ``before`` and not in ``after``, each with what happens to the calls from then on."""
    return [
        *_emptied_routing(before, after),
        *_lost_outbound_routes(before, after),
        *_answered_calls(before, after),
        *_ended_refusals(before, after),
        *_lost_inbound_routes(before, after),
        *_ended_registrations(before, after),
        *_ended_admissions(before, after),
    ]


def _emptied_routing(before: Carriers, after: Carriers) -> Iterator[Notice]:
    if any(outbound_routes(before)) and not any(outbound_routes(after)):
        what = "no route leads to a carrier any more: every call of the PBXs is refused."
        if not any(answering_routes(after)):
            what = "no route is left for any of them: every call of the PBXs is answered 404."
        yield Notice("Outbound calls", what)


def _lost_outbound_routes(before: Carriers, after: Carriers) -> Iterator[Notice]:
    left = {route.pk: (route, groups) for route, groups in outbound_routes(after)}
    routes = {route.pk: route for route in after.outbound_routes}
    prefixes = {route.prefix for route, _ in left.values()} | {route.prefix for route, _ in answering_routes(after)}
    for route, groups in outbound_routes(before):
        if route.pk in left:
            kept, kept_groups = left[route.pk]
            gone = {group.pk for group in groups} - {group.pk for group in kept_groups}
            names = [group.name for group in groups if group.pk in gone]
            if names:
                yield Notice(
                    outbound_route_label(kept),
                    f"no longer goes to {' and '.join(names)}, only to {', then '.join(g.name for g in kept_groups)}.",
                )
            if kept.prefix == route.prefix:
                continue
        if route.prefix not in prefixes:
            why = _reason_lost(routes.get(route.pk), route)
            yield Notice(outbound_route_label(route), f"{why}: its calls {_fallback(route.prefix, after)}.")


def _answered_calls(before: Carriers, after: Carriers) -> Iterator[Notice]:
    """Name the routes that now answer calls which went to carriers, by this route or by a shorter prefix."""
    leading = {route.prefix for route, _ in outbound_routes(before)}
    known = leading | {route.prefix for route, _ in answering_routes(before)}
    for route, answer in answering_routes(after):
        decided = longest_prefix(route.prefix, known)
        if decided is None or decided not in leading:
            continue
        went = "" if decided == route.prefix else f", which took {outbound_route_in_sentence(decided)},"
        text = f"its calls{went} are refused from then on: {answer}."
        if not answer.refuses:
            text = f"its calls{went} are answered 503 from then on, because none of its carriers can take them."
        yield Notice(outbound_route_label(route), text)


def _ended_refusals(before: Carriers, after: Carriers) -> Iterator[Notice]:
    """Name the refusals that end, where the calls go to a carrier from then on."""
    refusing = {route.prefix for route, answer in answering_routes(after) if answer.refuses}
    for route, answer in answering_routes(before):
        if answer.refuses and route.prefix not in refusing:
            text = f"no longer refuses its calls: they {_fallback(route.prefix, after)}."
            yield Notice(outbound_route_label(route), text)


def _reason_lost(now: OutboundRouteRecord | None, route: OutboundRouteRecord) -> str:
    if now is None:
        return "is removed"
    if not now.enabled:
        return "is disabled"
    if now.prefix != route.prefix:
        return "has another prefix"
    return "is left without endpoints"


def _fallback(prefix: str, after: Carriers) -> str:
    """Say where numbers with the prefix go when its own route is gone."""
    answers = {route.prefix: answer for route, answer in answering_routes(after)}
    found = longest_prefix(prefix, answers.keys() | {route.prefix for route, _ in outbound_routes(after)})
    if found is None:
        return "are answered 404"
    route = outbound_route_in_sentence(found)
    if found in answers:
        return f"are answered {answers[found].code} by {route} from then on"
    return f"take {route} from then on"


def _lost_inbound_routes(before: Carriers, after: Carriers) -> Iterator[Notice]:
    leading = {route.prefix for route, _ in inbound_routes(after)}
    silent = {route.prefix for route, _ in inbound_routes_without_pbx(after)}
    for route, pbx in inbound_routes(before):
        if route.prefix not in leading:
            yield Notice(
                inbound_route_label(route),
                f"no longer leads to {pbx_label(pbx)}: carriers' calls to its numbers"
                f" {_inbound_fallback(route.prefix, leading, silent)}.",
            )


def _inbound_fallback(prefix: str, leading: set[str], silent: set[str]) -> str:
    found = longest_prefix(prefix, leading | silent)
    if found is None:
        return "are answered 404"
    route = inbound_route_in_sentence(found)
    return f"are answered 503 by {route}" if found in silent else f"take {route}"


def _registered(carriers: Carriers) -> dict[int, tuple[str, str]]:
    return {
        pk: (group_label(group), account_label(group.credential))
        for pk, group in carriers.groups.items()
        if group.enabled and group.credential and group.credential.register
    }


def _ended_registrations(before: Carriers, after: Carriers) -> Iterator[Notice]:
    left = _registered(after)
    for pk, (label, account) in _registered(before).items():
        if pk not in left:
            yield Notice(label, f"the registration of {account} ends: the carrier sends no more calls for it.")


def _ended_admissions(before: Carriers, after: Carriers) -> Iterator[Notice]:
    """Name the networks that are no longer admitted, except those within another admitted network."""
    left = {network for networks in _admitted(after).values() for network in networks}
    masks = {network.partition("/")[2] for network in left}
    lengths = sorted(int(mask) for mask in masks if mask.isdecimal())
    for label, networks in _admitted(before).items():
        ended = [network for network in networks if network not in left and not _within(network, left, lengths)]
        if ended:
            yield Notice(label, f"calls from {join_first(ended)} are refused from then on.")


def _admitted(carriers: Carriers) -> dict[str, list[str]]:
    """Return the admitted networks by the label of their group or PBX."""
    admitted = {}
    for group in carriers.groups.values():
        if group.enabled:
            hosts = [host_ip(endpoint.host) for endpoint in group.endpoints if endpoint.may_call]
            networks = _networks(group.sources)
            networks += [f"{host}/{host.max_prefixlen}" for host in hosts if host is not None]
            admitted[group_label(group)] = list(dict.fromkeys(networks))
    for pbx in carriers.pbxs.values():
        if pbx.enabled:
            admitted[pbx_label(pbx)] = _networks(pbx.sources)
    return admitted


def _networks(sources: Iterable[SourceRecord]) -> list[str]:
    """Return the networks in normal form: revisions of earlier versions may have IPv4 addresses written as IPv6."""
    return [network_form(source.network) for source in sources]


def _within(network: str, others: set[str], lengths: list[int]) -> bool:
    """Say whether one of the other networks, which have masks of these lengths, holds the network."""
    try:
        narrow = ip_network(network)
    except ValueError:  # not entered through a form: the plan names it as a problem
        return False
    wider = (length for length in lengths if length < narrow.prefixlen)
    return any(str(narrow.supernet(new_prefix=length)) in others for length in wider)
