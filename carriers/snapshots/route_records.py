"""Routes and their conditions as plain records: see ``records.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from operator import itemgetter
from typing import NamedTuple

from carriers.models import (
    Condition,
    ConditionPBX,
    InboundRoute,
    InboundRouteCarrier,
    OutboundRoute,
    OutboundRouteGroup,
)
from carriers.snapshots.state import State, rows_of


class ConditionRecord(NamedTuple):
    """``pbxs`` holds primary keys of PBXs, which count when ``any_pbx`` is false."""

    pk: int
    name: str
    any_pbx: bool = True
    hours: str = ""
    holidays: str = ""
    outside: bool = False
    time_zone: str = "UTC"
    pbxs: tuple[int, ...] = ()


class OutboundRouteRecord(NamedTuple):
    """``groups`` holds primary keys of carrier groups, in the order in which they are tried.

    ``shares`` are those of the groups, each None or 1 to 100; it is empty when no group has one. ``conditions`` are
    primary keys of the groups' conditions, likewise, and ``condition`` is that of the whole route.
    ``refuse_code`` is the SIP answer to its calls, None for a route that leads to carriers.
    """

    pk: int
    prefix: str
    enabled: bool
    groups: tuple[int, ...]
    refuse_code: int | None = None
    refuse_reason: str = ""
    fall_through: bool = False
    condition: int | None = None
    shares: tuple[int | None, ...] = ()
    conditions: tuple[int | None, ...] = ()

    def share_of(self, group: int) -> int:
        """Return the share of one of the groups, 0 for none."""
        return dict(zip(self.groups, self.shares, strict=False)).get(group) or 0

    def condition_of(self, group: int) -> int | None:
        """Return the key of the condition of one of the groups."""
        return dict(zip(self.groups, self.conditions, strict=False)).get(group)

    def without_groups(self, gone: Collection[int]) -> OutboundRouteRecord:
        """Return the route without these carrier groups, their shares and conditions."""
        groups = tuple(group for group in self.groups if group not in gone)
        shares = tuple(self.share_of(group) or None for group in groups)
        conditions = tuple(map(self.condition_of, groups))
        return self._replace(
            groups=groups,
            shares=shares if any(shares) else (),
            conditions=conditions if any(conditions) else (),
        )


class RouteCarrierRecord(NamedTuple):
    """A carrier group whose calls go to another PBX, by primary keys."""

    pk: int
    group: int
    pbx: int


class InboundRouteRecord(NamedTuple):
    pk: int
    prefix: str
    enabled: bool
    pbx: int
    fall_through: bool = False
    carriers: tuple[RouteCarrierRecord, ...] = ()


def conditions_of(state: State) -> Iterator[ConditionRecord]:
    """Yield the conditions of a state, by primary key."""
    pbxs: dict[int, list[int]] = defaultdict(list)
    for condition_pk, pbx_pk in rows_of(state, ConditionPBX, "condition_id", "pbx_id"):
        pbxs[condition_pk].append(pbx_pk)
    for values in rows_of(state, Condition, "id", *ConditionRecord._fields[1:-1]):
        record = ConditionRecord(*values)
        yield record._replace(pbxs=tuple(pbxs[record.pk]))


def outbound_routes_of(state: State) -> Iterator[OutboundRouteRecord]:
    """Yield the outbound routes of a state, by primary key."""
    entries: dict[int, list[tuple[int, int | None, int | None]]] = defaultdict(list)
    parts = ("route_id", "position", "id", "group_id", "share", "condition_id")
    for row in sorted(rows_of(state, OutboundRouteGroup, *parts), key=itemgetter(0, 1, 2)):
        entries[row[0]].append(row[3:])
    columns = ("id", "prefix", "enabled", "refuse_code", "refuse_reason", "fall_through", "condition_id")
    for pk, prefix, enabled, *settings in rows_of(state, OutboundRoute, *columns):
        groups = tuple(group for group, _, _ in entries[pk])
        shares = tuple(share for _, share, _ in entries[pk])
        conditions = tuple(condition for _, _, condition in entries[pk])
        yield OutboundRouteRecord(pk, prefix, enabled, groups, *settings)._replace(
            shares=shares if any(shares) else (), conditions=conditions if any(conditions) else ()
        )


def inbound_routes_of(state: State) -> Iterator[InboundRouteRecord]:
    """Yield the inbound routes of a state, by primary key."""
    carriers: dict[int, list[RouteCarrierRecord]] = defaultdict(list)
    for route_pk, *values in rows_of(state, InboundRouteCarrier, "route_id", "id", "group_id", "pbx_id"):
        carriers[route_pk].append(RouteCarrierRecord(*values))
    for row in rows_of(state, InboundRoute, "id", "prefix", "enabled", "pbx_id", "fall_through"):
        yield InboundRouteRecord(*row)._replace(carriers=tuple(carriers[row[0]]))
