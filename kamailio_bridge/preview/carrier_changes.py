"""What changed between two states of the carriers, in the operator's words: pure, by the objects' keys.

The plan says which rows of Kamailio's tables change; this says what the operators did, which is what they recognise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from carriers.labels import (
    account_label,
    group_label,
    inbound_route_label,
    outbound_route_label,
    own_endpoint_label,
    pbx_label,
    short_endpoint_names,
)
from carriers.refusals import refusal_in_words
from carriers.snapshots.records import (
    Carriers,
    CredentialRecord,
    EndpointRecord,
    GroupRecord,
    InboundRouteRecord,
    OutboundRouteRecord,
    PBXRecord,
    SourceRecord,
)
from carriers.values.addresses import shown_address

DIRECTIONS = {"both": "both ways", "outbound": "we call it", "inbound": "it calls us"}
SELECTIONS = {"position": "by position", "weight": "by weight"}
FALLS_THROUGH = "falls through to a shorter prefix when no carrier can take its calls"
FALLS_THROUGH_INBOUND = "falls through to a shorter prefix when its PBX is disabled"
SHOWN_NAMES = 30  # of endpoints or groups in one line: as many as a call ever tries


class Change(NamedTuple):
    """What happened to one object. ``sign`` is ``+`` for added, ``~`` for changed, ``-`` for removed."""

    sign: str
    subject: str
    text: str
    details: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield it as plain text: each detail of a change in full, or a line with its details indented below."""
        if self.sign == "~":
            for detail in self.details:
                yield f"~ {self.subject}: {detail}"
            return
        yield f"{self.sign} {self.subject}: {self.text}"
        for detail in self.details:
            yield f"    {detail}"


def changes_in_words(before: Carriers, after: Carriers) -> list[Change]:
    """Say what became of ``before`` to make it ``after``: groups, PBXs and routes, each kind by name or prefix."""
    return [
        *_groups(before.groups, after.groups),
        *_pbxs(before.pbxs, after.pbxs),
        *_outbound_routes(before, after),
        *_inbound_routes(before, after),
    ]


def _by_key(before: Mapping[int, Any], after: Mapping[int, Any], order: Callable[[Any], str]) -> list[tuple[Any, Any]]:
    """Pair the records that differ by their keys, None where there is none, in an order that people look them up by."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    pairs = [(before.get(key), after.get(key)) for key in keys]
    return sorted(pairs, key=lambda pair: order(pair[1] or pair[0]).lower())


def _name(record: GroupRecord | PBXRecord) -> str:
    return record.name


def _prefix(record: OutboundRouteRecord | InboundRouteRecord) -> str:
    return record.prefix


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _switch(*, enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


# --- Carrier groups ---------------------------------------------------------------------------------------------------


def _groups(before: dict[int, GroupRecord], after: dict[int, GroupRecord]) -> Iterator[Change]:
    for old, new in _by_key(before, after, _name):
        if old is None:
            yield Change("+", group_label(new), _added_group(new), tuple(_group_parts(new)))
        elif new is None:
            yield Change("-", group_label(old), f"removed with {_count(len(old.endpoints), 'endpoint')}")
        else:
            yield Change("~", group_label(new), "changed", tuple(_group_differences(old, new)))


def _added_group(group: GroupRecord) -> str:
    text = f"added with {_count(len(group.endpoints), 'endpoint')}"
    if group.selection == "weight":
        text += ", selected by weight"
    return text if group.enabled else f"{text}, disabled"


def _group_parts(group: GroupRecord) -> Iterator[str]:
    for endpoint in group.endpoints:
        yield _added_endpoint(endpoint)
    for source in group.sources:
        yield f"source {source.network}"
    if group.credential is not None:
        yield f"credential {_account(group.credential)}"


def _group_differences(old: GroupRecord, new: GroupRecord) -> Iterator[str]:
    if old.name != new.name:
        yield f"name “{old.name}” -> “{new.name}”"
    if old.enabled != new.enabled:
        yield _switch(enabled=new.enabled)
    if old.selection != new.selection:
        yield f"endpoints selected {SELECTIONS[new.selection]} instead of {SELECTIONS[old.selection]}"
    yield from _endpoint_differences(old.endpoints, new.endpoints)
    yield from _source_differences(old.sources, new.sources)
    yield from _credential_differences(old.credential, new.credential)


# --- Endpoints --------------------------------------------------------------------------------------------------------


def _added_endpoint(endpoint: EndpointRecord) -> str:
    return ", ".join([own_endpoint_label(endpoint), *_endpoint_settings(endpoint)])


def _endpoint_settings(endpoint: EndpointRecord) -> Iterator[str]:
    """Say what is set otherwise than in a plain endpoint."""
    if endpoint.strip:
        yield f"strip {endpoint.strip}"
    if endpoint.prefix:
        yield f"prefix {endpoint.prefix}"
    if endpoint.direction != "both":
        yield DIRECTIONS[endpoint.direction]
    if not endpoint.enabled:
        yield "disabled"


def _endpoint_differences(old: tuple[EndpointRecord, ...], new: tuple[EndpointRecord, ...]) -> Iterator[str]:
    before = {endpoint.pk: endpoint for endpoint in old}
    after = {endpoint.pk: endpoint for endpoint in new}
    for pk, endpoint in after.items():
        if pk not in before:
            yield f"{own_endpoint_label(endpoint)} added" + "".join(
                f", {part}" for part in _endpoint_settings(endpoint)
            )
        elif endpoint != before[pk]:
            yield f"{own_endpoint_label(before[pk])}: {', '.join(_endpoint_edits(before[pk], endpoint))}"
    for pk, endpoint in before.items():
        if pk not in after:
            yield f"{own_endpoint_label(endpoint)} removed"
    if [pk for pk in before if pk in after] != [pk for pk in after if pk in before]:
        yield f"endpoints in the order {', then '.join(short_endpoint_names(new)[:SHOWN_NAMES])}"


def _endpoint_edits(old: EndpointRecord, new: EndpointRecord) -> Iterator[str]:
    if old.name != new.name:
        yield f"name “{old.name}” -> “{new.name}”"
    addresses = [shown_address(endpoint.host, endpoint.port, endpoint.transport) for endpoint in (old, new)]
    if addresses[0] != addresses[1]:
        yield f"address {addresses[0]} -> {addresses[1]}"
    if old.strip != new.strip:
        yield f"strip {old.strip} -> {new.strip}"
    if old.prefix != new.prefix:
        yield f"prefix {old.prefix or 'none'} -> {new.prefix or 'none'}"
    if old.direction != new.direction:
        yield f"{DIRECTIONS[old.direction]} -> {DIRECTIONS[new.direction]}"
    if old.weight != new.weight:
        yield f"weight {old.weight} -> {new.weight}"
    if old.enabled != new.enabled:
        yield _switch(enabled=new.enabled)


def _source_differences(old: tuple[SourceRecord, ...], new: tuple[SourceRecord, ...]) -> Iterator[str]:
    before, after = {source.network for source in old}, {source.network for source in new}
    for source in new:
        if source.network not in before:
            yield f"source {source.network} added"
    for source in old:
        if source.network not in after:
            yield f"source {source.network} removed"


# --- Auth credentials -------------------------------------------------------------------------------------------------


def _account(credential: CredentialRecord) -> str:
    return f"{account_label(credential)}, {_registers(credential)}"


def _registers(credential: CredentialRecord) -> str:
    return "registers" if credential.register else "does not register"


def _credential_differences(old: CredentialRecord | None, new: CredentialRecord | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"credential added: {_account(new)}"
    elif old is not None and new is None:
        yield f"credential {_account(old)} removed"
    elif old is not None and new is not None and old != new:
        edits = list(_credential_edits(old, new))
        if edits:  # a credential that was entered again with the same values has another key, and nothing else
            yield f"credential: {', '.join(edits)}"


def _credential_edits(old: CredentialRecord, new: CredentialRecord) -> Iterator[str]:
    """Name what changed. Of a password nothing is shown, and its digest changes with username and realm, too."""
    for field, noun in (
        ("username", "username"),
        ("auth_username", "username for the digest"),
        ("realm", "realm"),
        ("expires", "expires"),
    ):
        values = getattr(old, field), getattr(new, field)
        if values[0] != values[1]:
            yield f"{noun} {values[0]} -> {values[1]}"
    addresses = [shown_address(one.registrar, one.port, one.transport) for one in (old, new)]
    if addresses[0] != addresses[1]:
        yield f"registration server {addresses[0]} -> {addresses[1]}"
    if old.register != new.register:
        yield _registers(new)
    if new.ha1 is None and old.ha1 is not None:
        yield "the password can't be decrypted any more"
    elif old.ha1 != new.ha1 and (old.auth_username, old.realm) == (new.auth_username, new.realm):
        yield "new password"


# --- PBXs -------------------------------------------------------------------------------------------------------------


def _pbxs(before: dict[int, PBXRecord], after: dict[int, PBXRecord]) -> Iterator[Change]:
    for old, new in _by_key(before, after, _name):
        if old is None:
            text = f"added at {shown_address(new.host, new.port, new.transport)}"
            details = tuple(f"source {source.network}" for source in new.sources)
            yield Change("+", pbx_label(new), text if new.enabled else f"{text}, disabled", details)
        elif new is None:
            yield Change("-", pbx_label(old), "removed")
        else:
            details = tuple(_pbx_differences(old, new))
            if details:
                yield Change("~", pbx_label(new), "changed", details)


def _pbx_differences(old: PBXRecord, new: PBXRecord) -> Iterator[str]:
    if old.name != new.name:
        yield f"name “{old.name}” -> “{new.name}”"
    if old.enabled != new.enabled:
        yield _switch(enabled=new.enabled)
    addresses = [shown_address(pbx.host, pbx.port, pbx.transport) for pbx in (old, new)]
    if addresses[0] != addresses[1]:
        yield f"address {addresses[0]} -> {addresses[1]}"
    yield from _source_differences(old.sources, new.sources)


# --- Routes -----------------------------------------------------------------------------------------------------------


def _outbound_routes(before: Carriers, after: Carriers) -> Iterator[Change]:
    for old, new in _by_key(
        {route.pk: route for route in before.outbound_routes},
        {route.pk: route for route in after.outbound_routes},
        _prefix,
    ):
        if old is None:
            text = f"added: {_where_it_leads(after, new)}"
            if new.fall_through:
                text += f", {FALLS_THROUGH}"
            yield Change("+", outbound_route_label(new), text if new.enabled else f"{text}, disabled")
        elif new is None:
            went = "refused its calls" if old.refuse_code else f"went to {_group_names(before, old)}"
            yield Change("-", outbound_route_label(old), f"removed; it {went}")
        else:
            yield Change("~", outbound_route_label(new), "changed", tuple(_route_differences(before, after, old, new)))


def _route_differences(
    before: Carriers, after: Carriers, old: OutboundRouteRecord, new: OutboundRouteRecord
) -> Iterator[str]:
    if old.prefix != new.prefix:
        yield f"prefix {old.prefix or '(default)'} -> {new.prefix or '(default)'}"
    if old.enabled != new.enabled:
        yield _switch(enabled=new.enabled)
    if (old.groups, old.refuse_code, old.refuse_reason) != (new.groups, new.refuse_code, new.refuse_reason):
        yield f"{_where_it_leads(after, new)} (before: {_where_it_leads(before, old)})"
    if old.fall_through != new.fall_through:
        yield FALLS_THROUGH if new.fall_through else "answers 503 when no carrier can take its calls"


def _where_it_leads(carriers: Carriers, route: OutboundRouteRecord) -> str:
    if route.refuse_code is not None:
        return f"refuses its calls with {refusal_in_words(route.refuse_code, route.refuse_reason)}"
    return _group_names(carriers, route)


def _group_names(carriers: Carriers, route: OutboundRouteRecord) -> str:
    names = [carriers.groups[pk].name for pk in route.groups if pk in carriers.groups]
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", then ".join(names[:SHOWN_NAMES]) + more if names else "no carrier group"


def _inbound_routes(before: Carriers, after: Carriers) -> Iterator[Change]:
    for old, new in _by_key(
        {route.pk: route for route in before.inbound_routes},
        {route.pk: route for route in after.inbound_routes},
        _prefix,
    ):
        if old is None:
            text = f"added: {_pbx_name(after, new)}"
            if new.fall_through:
                text += f", {FALLS_THROUGH_INBOUND}"
            yield Change("+", inbound_route_label(new), text if new.enabled else f"{text}, disabled")
        elif new is None:
            yield Change("-", inbound_route_label(old), f"removed; it led to {_pbx_name(before, old)}")
        else:
            yield Change("~", inbound_route_label(new), "changed", tuple(_inbound_differences(before, after, old, new)))


def _inbound_differences(
    before: Carriers, after: Carriers, old: InboundRouteRecord, new: InboundRouteRecord
) -> Iterator[str]:
    if old.prefix != new.prefix:
        yield f"prefix {old.prefix or '(every other number)'} -> {new.prefix or '(every other number)'}"
    if old.enabled != new.enabled:
        yield _switch(enabled=new.enabled)
    if old.pbx != new.pbx:
        yield f"{_pbx_name(after, new)} (before: {_pbx_name(before, old)})"
    if old.fall_through != new.fall_through:
        yield FALLS_THROUGH_INBOUND if new.fall_through else "answers 503 when its PBX is disabled"


def _pbx_name(carriers: Carriers, route: InboundRouteRecord) -> str:
    pbx = carriers.pbxs.get(route.pbx)
    return pbx_label(pbx) if pbx is not None else "no PBX"
