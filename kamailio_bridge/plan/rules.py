"""Rules that the carriers must meet before anything is written, however they came into the database.

Forms and documents refuse the same input earlier; this is the last check before Kamailio, which accepts most of it
without an error (docs/kamailio-facts.md#bad-destinations, docs/kamailio-facts.md#address-rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.core.exceptions import ValidationError

from carriers.labels import (
    condition_label,
    endpoint_label,
    group_label,
    inbound_route_in_sentence,
    inbound_route_label,
    outbound_route_in_sentence,
    outbound_route_label,
    pbx_label,
)
from carriers.models import RefuseCode
from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord, PBXRecord, SourceRecord
from carriers.snapshots.route_records import OutboundRouteRecord
from carriers.validators import (
    MAX_PREFIX_LENGTH,
    MAX_REASON_LENGTH,
    MAX_STRIP,
    validate_dial_prefix,
    validate_reason,
)
from carriers.values.addresses import clean_host, clean_network, clean_port, clean_transport, format_address
from kamailio_bridge.modules.base import join_first
from kamailio_bridge.nodes.own_hosts import own_addresses
from kamailio_bridge.plan.tls_rules import (
    certificate_warnings,
    shared_connections,
    tls_warnings,
    unwritten_certificates,
)
from kamailio_bridge.rows.ids import HIGHEST, OWNER_OFFSET, PBX_OFFSET, row_id
from kamailio_bridge.rows.routes_in_force import (
    answering_routes,
    calling_groups,
    inbound_routes,
    inbound_routes_without_pbx,
    longest_prefix,
    outbound_routes,
)
from kamailio_bridge.rows.types import Notice


def problems(carriers: Carriers) -> list[Notice]:
    """Return a notice for each fault that must be corrected before an apply."""
    return [
        *_id_problems(carriers),
        *_group_problems(carriers),
        *_pbx_problems(carriers),
        *shared_connections(carriers),
        *_route_problems(carriers),
    ]


def warnings(carriers: Carriers) -> list[Notice]:
    """Return a notice for each object that is set up but will carry no calls."""
    return [
        *_group_warnings(carriers),
        *_loop_warnings(carriers),
        *tls_warnings(carriers),
        *outbound_route_warnings(carriers),
        *_inbound_warnings(carriers),
        *_condition_warnings(carriers),
        *unwritten_certificates(carriers),
        *certificate_warnings(carriers),
    ]


def _refusal(check: Callable[[str], object], value: str) -> str | None:
    try:
        check(value)
    except ValidationError as error:
        return " ".join(error.messages)
    return None


def _id_problems(carriers: Carriers) -> Iterator[Notice]:
    """Check that keys of different kinds can't meet, and fit into Kamailio's columns."""
    keys = [*carriers.groups, *carriers.pbxs]
    keys += [endpoint.pk for group in carriers.groups.values() for endpoint in group.endpoints]
    keys += [route.pk for route in carriers.outbound_routes]
    keys += [route.pk for route in carriers.inbound_routes]
    keys += [each.pk for route in carriers.inbound_routes for each in route.carriers]
    keys += carriers.conditions
    highest = max(keys, default=0)
    if highest >= PBX_OFFSET or row_id(highest, OWNER_OFFSET) > HIGHEST:
        yield Notice(
            "KAMAILIO_ID_BASE",
            f"is {settings.KAMAILIO_ID_BASE}; with the key {highest} on top that is more than Kamailio's columns hold.",
        )


def _group_problems(carriers: Carriers) -> Iterator[Notice]:
    """Check every endpoint and source. Equal settings of endpoints, all but the host, are checked only once."""
    settings_of: dict[tuple[object, ...], list[str]] = {}
    for group in carriers.groups.values():
        for endpoint in group.endpoints:
            key = endpoint[3:]
            texts = settings_of.get(key)
            if texts is None:
                texts = settings_of[key] = list(_setting_problems(endpoint))
            refusal = _refusal(clean_host, endpoint.host)
            for text in texts if refusal is None else [refusal, *texts]:
                yield Notice(endpoint_label(group, endpoint), text)
        yield from _source_problems(group_label(group), group.sources)


def _setting_problems(endpoint: EndpointRecord) -> Iterator[str]:
    """Check what follows the host in an endpoint's record."""
    yield from _port_problems(endpoint.port, endpoint.transport)
    if not 0 <= endpoint.strip <= MAX_STRIP:
        yield f"strip {endpoint.strip} is not from 0 to {MAX_STRIP}."
    if not 1 <= endpoint.weight <= 100:
        yield f"weight {endpoint.weight} is not from 1 to 100."
    yield from _prefix_problems(endpoint.prefix)


def _address_problems(host: str, port: int | None, transport: str) -> Iterator[str]:
    refusal = _refusal(clean_host, host)
    if refusal is not None:
        yield refusal
    yield from _port_problems(port, transport)


def _port_problems(port: int | None, transport: str) -> Iterator[str]:
    refusals = [None if port is None else _refusal(clean_port, str(port)), _refusal(clean_transport, transport)]
    for refusal in refusals:
        if refusal is not None:
            yield refusal


def _prefix_problems(prefix: str) -> Iterator[str]:
    refusal = _refusal(validate_dial_prefix, prefix)
    if refusal is not None:
        yield f"prefix “{prefix}”: {refusal}"
    if len(prefix) > MAX_PREFIX_LENGTH:
        yield f"prefix “{prefix}” has more than {MAX_PREFIX_LENGTH} characters."


def _source_problems(label: str, sources: tuple[SourceRecord, ...]) -> Iterator[Notice]:
    for source in sources:
        refusal = _refusal(clean_network, source.network)
        if refusal is not None:
            yield Notice(label, f"source: {refusal}")


def _pbx_problems(carriers: Carriers) -> Iterator[Notice]:
    for pbx in carriers.pbxs.values():
        for text in _address_problems(pbx.host, pbx.port, pbx.transport):
            yield Notice(pbx_label(pbx), text)
        yield from _source_problems(pbx_label(pbx), pbx.sources)


def _route_problems(carriers: Carriers) -> Iterator[Notice]:
    for outbound in carriers.outbound_routes:
        for text in [*_prefix_problems(outbound.prefix), *_refusal_problems(outbound)]:
            yield Notice(outbound_route_label(outbound), text)
    for inbound in carriers.inbound_routes:
        for text in _prefix_problems(inbound.prefix):
            yield Notice(inbound_route_label(inbound), text)


def _refusal_problems(route: OutboundRouteRecord) -> Iterator[str]:
    if route.refuse_code is not None and route.refuse_code not in RefuseCode:
        yield f"refuse with {route.refuse_code} is not possible."
    refusal = _refusal(validate_reason, route.refuse_reason)
    if refusal is not None or len(route.refuse_reason) > MAX_REASON_LENGTH:
        yield f"reason “{route.refuse_reason}”: {refusal or f'it has more than {MAX_REASON_LENGTH} characters.'}"


def _group_warnings(carriers: Carriers) -> Iterator[Notice]:
    for group in carriers.groups.values():
        if not group.enabled:
            continue
        if not group.endpoints:
            yield Notice(group_label(group), f"has no endpoint, so no calls go to it{_registers_only(group)}.")
        elif not group.takes_calls:
            yield Notice(group_label(group), "has no enabled endpoint that we call, so no calls go to it.")
        if group.from_user == "account" and group.credential is None:
            yield Notice(group_label(group), "has no credential, so From user stays as the PBX sends it.")


def _registers_only(group: GroupRecord) -> str:
    """Say that the registration server is no endpoint, which operators may expect."""
    credential = group.credential
    if credential is None:
        return ""
    registrar = format_address(credential.registrar, credential.port, credential.transport)
    return f": its registration server {registrar} is no endpoint"


def _loop_warnings(carriers: Carriers) -> Iterator[Notice]:
    """Name the endpoints and PBXs that have our own SIP address: calls to them would loop."""
    ours = own_addresses()
    text = "is Kamailio's own SIP address, so calls to it come back to us: enter the address of the"
    for group in carriers.groups.values():
        for endpoint in group.endpoints:
            if (endpoint.host, endpoint.port) in ours and endpoint.enabled and group.enabled:
                yield Notice(endpoint_label(group, endpoint), f"{text} carrier.")
    for pbx in carriers.pbxs.values():
        if (pbx.host, pbx.port) in ours and pbx.enabled:
            yield Notice(pbx_label(pbx), f"{text} PBX.")


def outbound_route_warnings(carriers: Carriers, pk: int | None = None) -> Iterator[Notice]:
    """Name the carrier groups that get no calls of an outbound route: of every route, or of the one with key ``pk``."""
    in_force = {route.prefix for route, _ in [*outbound_routes(carriers), *answering_routes(carriers)]}
    for route in carriers.outbound_routes:
        if route.enabled and pk in (None, route.pk):
            for text in _outbound_warnings(carriers, route, in_force):
                yield Notice(outbound_route_label(route), text)


def _inbound_warnings(carriers: Carriers) -> Iterator[Notice]:
    leading = {route.prefix: pbx for route, pbx in inbound_routes(carriers)}
    silent = {route.prefix for route, _ in inbound_routes_without_pbx(carriers)}
    for inbound in carriers.inbound_routes:
        pbx = carriers.pbxs.get(inbound.pbx)
        if inbound.enabled and pbx is not None and not pbx.enabled:
            calls = "are answered 503"
            if inbound.fall_through:
                calls = _inbound_fall(longest_prefix(inbound.prefix, leading.keys() | silent), leading)
            text = f"leads to {pbx_label(pbx)}, which is disabled: its calls {calls}."
            yield Notice(inbound_route_label(inbound), text)


def _condition_warnings(carriers: Carriers) -> Iterator[Notice]:
    """Name the conditions of routes that no call can meet."""
    used = {pk for route in carriers.outbound_routes for pk in (route.condition, *route.conditions) if route.enabled}
    for condition in carriers.conditions.values():
        if condition.pk in used and not condition.any_pbx and not condition.pbxs:
            text = "names no PBX, so no call meets it: routes and carrier groups with it get no calls."
            yield Notice(condition_label(condition), text)


def _outbound_warnings(carriers: Carriers, route: OutboundRouteRecord, in_force: set[str]) -> Iterator[str]:
    groups = [carriers.groups[pk] for pk in route.groups if pk in carriers.groups]
    if route.refuse_code is not None:
        if groups:
            yield f"refuses its calls, so its carrier groups get none: {join_first(map(group_label, groups))}."
        return
    usable = calling_groups(carriers, route)
    for group in groups:
        if group not in usable:
            yield f"passes over {_reason_passed_over(group)}."
    if not usable:
        why = "has no carrier group that calls can go to" if groups else "names no carrier group"
        calls = _outbound_fall(longest_prefix(route.prefix, in_force)) if route.fall_through else "are answered 503"
        yield f"{why}: its calls {calls}."


def _outbound_fall(prefix: str | None) -> str:
    if prefix is None:
        return "fall through, and no other route matches them: they are answered 404"
    return f"fall through to {outbound_route_in_sentence(prefix)}"


def _inbound_fall(prefix: str | None, leading: Mapping[str, PBXRecord]) -> str:
    if prefix is None:
        return "fall through, and no other route matches them: they are answered 404"
    where = f"to {pbx_label(leading[prefix])}" if prefix in leading else "which answers 503"
    return f"fall through to {inbound_route_in_sentence(prefix)}, {where}"


def _reason_passed_over(group: GroupRecord) -> str:
    reason = "which has no endpoint for calls" if group.enabled else "which is disabled"
    return f"{group_label(group)}, {reason}"
