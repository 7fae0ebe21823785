"""The changes between two states of the carriers, in the operator's words: pure, by the objects' keys.

A plan has rows of Kamailio's tables; these changes are in the terms in which operators made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import models

from carriers.labels import condition_label, group_label, inbound_route_label, outbound_route_label, pbx_label
from carriers.models import PBX, CarrierGroup, Condition, InboundRoute, OutboundRoute
from carriers.snapshots.record_words import (
    credential_in_words,
    endpoint_in_words,
    header_in_words,
    preview_style,
    record_changes,
    record_settings,
)
from carriers.snapshots.records import Carriers, GroupRecord, PBXRecord
from carriers.snapshots.route_records import OutboundRouteRecord
from carriers.snapshots.route_words import pbx_of, pbxs_of, where_it_leads
from carriers.values.addresses import format_address


class Change(NamedTuple):
    """The change of one object. ``sign`` is ``+`` for added, ``~`` for changed, ``-`` for removed."""

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
    """Return the changes from ``before`` to ``after``: kind by kind, each sorted by name or prefix."""
    style = preview_style(before, after)
    changes = []
    for kind in KINDS:
        for old, new in kind.differing(before, after):
            if old is None:
                text = ", ".join([kind.added(after, new), *record_settings(kind.model, new, style)])
                changes.append(Change("+", kind.label(new), text, tuple(kind.parts(new))))
            elif new is None:
                changes.append(Change("-", kind.label(old), kind.removed(before, old)))
            elif details := record_changes(kind.model, old, new, style):
                changes.append(Change("~", kind.label(new), "changed", tuple(details)))
    return changes


@dataclass(frozen=True)
class _Kind:
    """One kind of objects, and how to phrase it. ``parts`` yields a line for each part of a new object."""

    model: type[models.Model]
    records: Callable[[Carriers], Mapping[int, Any]]
    label: Callable[[Any], str]
    added: Callable[[Carriers, Any], str]
    removed: Callable[[Carriers, Any], str]
    parts: Callable[[Any], Iterator[str]]
    order: Callable[[Any], str]

    def differing(self, before: Carriers, after: Carriers) -> list[tuple[Any, Any]]:
        """Pair the records that differ, with None for a missing one, sorted by name or prefix."""
        old, new = self.records(before), self.records(after)
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        pairs = [(old.get(key), new.get(key)) for key in keys]
        return sorted(pairs, key=lambda pair: self.order(pair[1] or pair[0]).lower())


def _endpoints(group: GroupRecord) -> str:
    number = len(group.endpoints)
    return f"{number} endpoint{'' if number == 1 else 's'}"


def _parts(group: GroupRecord) -> Iterator[str]:
    yield from map(endpoint_in_words, group.endpoints)
    yield from _sources(group)
    if group.credential is not None:
        yield f"credential {credential_in_words(group.credential)}"
    yield from map(header_in_words, group.extra_headers)


def _sources(owner: GroupRecord | PBXRecord) -> Iterator[str]:
    return (f"source {source.network}" for source in owner.sources)


def _went(carriers: Carriers, route: OutboundRouteRecord) -> str:
    refused = route.refuse_code is not None
    return "refused its calls" if refused else f"went to {where_it_leads(carriers, route)}"


def _no_parts(_record: Any) -> Iterator[str]:
    return iter(())


KINDS = (
    _Kind(
        CarrierGroup,
        lambda carriers: carriers.groups,
        group_label,
        added=lambda _, group: f"added with {_endpoints(group)}",
        removed=lambda _, group: f"removed with {_endpoints(group)}",
        parts=_parts,
        order=lambda group: group.name,
    ),
    _Kind(
        PBX,
        lambda carriers: carriers.pbxs,
        pbx_label,
        added=lambda _, pbx: f"added at {format_address(pbx.host, pbx.port, pbx.transport)}",
        removed=lambda _carriers, _pbx: "removed",
        parts=_sources,
        order=lambda pbx: pbx.name,
    ),
    _Kind(
        Condition,
        lambda carriers: carriers.conditions,
        condition_label,
        added=lambda carriers, condition: f"added: {pbxs_of(carriers, condition)}",
        removed=lambda _carriers, _condition: "removed",
        parts=_no_parts,
        order=lambda condition: condition.name,
    ),
    _Kind(
        OutboundRoute,
        lambda carriers: {route.pk: route for route in carriers.outbound_routes},
        outbound_route_label,
        added=lambda carriers, route: f"added: {where_it_leads(carriers, route)}",
        removed=lambda carriers, route: f"removed; it {_went(carriers, route)}",
        parts=_no_parts,
        order=lambda route: route.prefix,
    ),
    _Kind(
        InboundRoute,
        lambda carriers: {route.pk: route for route in carriers.inbound_routes},
        inbound_route_label,
        added=lambda carriers, route: f"added: {pbx_of(carriers, route)}",
        removed=lambda carriers, route: f"removed; it led to {pbx_of(carriers, route)}",
        parts=_no_parts,
        order=lambda route: route.prefix,
    ),
)
