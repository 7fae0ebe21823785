"""Rows of other programs that conflict with a row of ours in a set id, a prefix or a name.

Such a row affects only the object that needs the same value: Kamailio keeps what it has of that object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import models

from carriers.labels import group_label, inbound_route_label, outbound_route_label, pbx_label
from carriers.models import PBX, CarrierGroup, InboundRoute, OutboundRoute
from carriers.snapshots.records import Carriers
from carriers.snapshots.state_parts import Object
from kamailio_bridge.modules.base import Projection, TableChanges
from kamailio_bridge.rows.types import Notice, Row, Table


class Conflict(NamedTuple):
    """A foreign row with a value that ``row`` needs. ``is_new``: our row with this value is not in the table yet."""

    table: Table
    row: Row
    column: str
    value: object
    foreign: int
    is_new: bool

    @property
    def owner(self) -> str:
        """The label of the object behind our row: for an endpoint its group, which is written as a whole."""
        return self.row.owner

    @property
    def reason(self) -> str:
        return (
            f"needs {self.column} “{self.value}” in the table {self.table.name}, where row {self.foreign} of another"
            " program has it"
        )

    @property
    def remedy(self) -> str:
        either = "set KAMAILIO_ID_BASE to give our rows room"
        return f"Remove that row, or {either}" if self.column in self.table.moved_by_base else "Remove that row"


def conflicts_of(projection: Projection, changes: TableChanges) -> Iterator[Conflict]:
    """Yield each foreign row that has the value of a row of ours in an exclusive column.

    The values that such rows share with ours, even deleted ones, are stored in ``projection.shared``: a node has both.
    """
    table = changes.table
    shared = projection.shared[table] = set()
    for column in table.exclusive:
        index = table.columns.index(column)
        owners = {row.values[index]: row for row in projection.rows[table].values()}
        new = {row.values[index] for row in (*changes.adds.values(), *(row for _, row in changes.updates.values()))}
        gone = {values[index] for values in changes.deletes.values()}
        for pk, value in table.foreign().values_list("pk", column):
            if value in owners:
                yield Conflict(table, owners[value], column, value, pk, value in new)
            if value in owners or value in gone:
                shared.add(value)


def left_out(conflicts: Iterable[Conflict]) -> list[Notice]:
    """Return one sentence for each object that is left out, with the reason."""
    notices: dict[str, Notice] = {}
    for conflict in conflicts:
        text = (
            f"is not applied, because it {conflict.reason}. Kamailio keeps what it has of it."
            f" {conflict.remedy}, then reload."
        )
        notices.setdefault(conflict.owner, Notice(conflict.owner, text))
    return list(notices.values())


def warnings_of(conflicts: Iterable[Conflict]) -> list[Notice]:
    """Return a sentence for each applied object that shares a value with another program's row."""
    notices: dict[str, Notice] = {}
    for conflict in conflicts:
        text = f"{conflict.reason}: Kamailio may use that row as well as ours. {conflict.remedy}."
        notices.setdefault(conflict.owner, Notice(conflict.owner, text))
    return list(notices.values())


def objects_by_label(carriers: Carriers) -> dict[str, Object]:
    """Return the objects that rows belong to, by their labels in sentences."""
    found: dict[str, Object] = {}
    kinds: tuple[tuple[type[models.Model], Iterable[tuple[str, int]]], ...] = (
        (CarrierGroup, ((group_label(group), group.pk) for group in carriers.groups.values())),
        (PBX, ((pbx_label(pbx), pbx.pk) for pbx in carriers.pbxs.values())),
        (OutboundRoute, ((outbound_route_label(route), route.pk) for route in carriers.outbound_routes)),
        (InboundRoute, ((inbound_route_label(route), route.pk) for route in carriers.inbound_routes)),
    )
    for model, labels in kinds:
        found.update((label, (model, pk)) for label, pk in labels)
    return found


def withhold(projection: Projection, changes: TableChanges, conflicts: Iterable[Conflict]) -> TableChanges:
    """Remove the conflicting rows from ``changes``, keep what is in the table, and return the changes withheld."""
    table = changes.table
    withheld = TableChanges(table, {}, {}, {})
    for conflict in conflicts:
        index = table.columns.index(conflict.column)
        for pk, row in list(changes.adds.items()):
            if row.values[index] == conflict.value:
                withheld.adds[pk] = changes.adds.pop(pk)
                del projection.rows[table][pk]
        for pk, (before, row) in list(changes.updates.items()):
            if row.values[index] == conflict.value:
                withheld.updates[pk] = changes.updates.pop(pk)
                projection.rows[table][pk] = row._replace(values=before)
    return withheld
