"""The plan: the difference between the rows that the carriers need and the rows in Kamailio's tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from carriers.garbage_collector import collector_paused
from carriers.history.milestones import entries_not_applied
from carriers.snapshots.records import Carriers, carriers_of
from carriers.snapshots.state import State, take_state_and
from carriers.snapshots.state_parts import Object, Reasons, with_objects_as_before
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, NodeNames, Projection, TableChanges
from kamailio_bridge.modules.tables_in_use import insist_on_tables
from kamailio_bridge.nodes.node import node_names
from kamailio_bridge.plan import rules
from kamailio_bridge.plan.conflicts import Conflict, conflicts_of, left_out, objects_by_label, warnings_of, withhold
from kamailio_bridge.plan.row_keys import settle_keys
from kamailio_bridge.revisions.applied import applied_state
from kamailio_bridge.revisions.state_bytes import pack
from kamailio_bridge.rows.row_words import row_changes_in_words, row_in_words
from kamailio_bridge.rows.types import Notice, Row, Table, Values
from kamailio_bridge.tables.reading import reading

_T = TypeVar("_T")
_CHUNK = 500  # keys in one statement; SQLite and MariaDB both take more, but it makes no difference


@dataclass(frozen=True)
class Plan:
    """What an apply would do; it is refused while there are ``problems``.

    ``carriers`` are the records that were projected, made of ``state``, which a revision keeps. Objects that conflict
    with another program's row are in both as they were last applied; ``left_out`` says which and why, and ``withheld``
    are changes of theirs that are impossible even then. ``entries`` are the history entries that the plan applies.
    """

    state: State
    carriers: Carriers
    projections: dict[KamailioModule, Projection]
    modules: list[ModuleChanges]
    problems: list[Notice]
    warnings: list[Notice]
    removes_all_routes: bool
    left_out: list[Notice] = field(default_factory=list)
    withheld: list[TableChanges] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    objects_left_out: frozenset[Object] = frozenset()

    @property
    def count(self) -> int:
        """The number of rows that change."""
        return sum(changes.count for changes in self.modules)

    def lines(self, limit: int | None = None) -> list[str]:
        """Return a line for each row that changes, tables in the order of reloads; beyond ``limit``, how many more."""
        tables = (changes for module in self.modules for changes in module.tables.values())
        lines = list(islice((line for changes in tables for line in _table_lines(changes)), limit))
        rest = self.count - len(lines)
        return [*lines, f"and {rest} more"] if rest else lines

    def digest(self) -> str:
        """Return a short text that identifies the plan and its carriers, to tell whether it is the one that was seen.

        The carriers count too, because the preview shows what no row has, such as their names.
        """
        changes = [
            (
                changes.table.name,
                sorted((row.pk, row.values) for row in rows_after(changes)),
                sorted((pk, before) for pk, (before, _) in changes.updates.items()),
                sorted(changes.deletes.items()),
            )
            for module in self.modules
            for changes in module.tables.values()
        ]
        left_out = list(map(str, self.left_out))
        return hashlib.sha256(repr((changes, left_out)).encode() + pack(self.state)).hexdigest()[:32]

    def summary(self) -> str:
        """Count the changed rows of each module, in one line."""
        parts = [
            f"{changes.module.name} {changes.count} row{'' if changes.count == 1 else 's'}"
            for changes in self.modules
            if changes.count
        ]
        return ", ".join(parts) or "no changes"


@collector_paused()
def make_plan(*, with_entries: bool = False) -> Plan:
    """Read the carriers and Kamailio's tables, and compare. Raises ``TablesUnreadable``.

    ``with_entries`` also reads which history entries an apply of the plan would mark.

    To keep other writers out, call it inside a transaction on the database ``kamailio``.
    """
    insist_on_tables()
    with reading("The carriers"):
        state, entries = take_state_and(entries_not_applied if with_entries else list)
    nodes = node_names()
    with reading():
        plan = _plan(state, carriers_of(state), nodes)
        return replace(_without_conflicting(plan, nodes) if plan.conflicts else plan, entries=entries)


def _plan(state: State, carriers: Carriers, nodes: NodeNames) -> Plan:
    projections = {module: module.project(carriers, nodes) for module in selected_modules()}
    problems = rules.problems(carriers)
    warnings = rules.warnings(carriers)
    for projection in projections.values():
        problems += projection.problems
        warnings += projection.warnings
        problems += _overflows(projection)
    if problems:
        return Plan(state, carriers, projections, [], problems, warnings, removes_all_routes=False)
    return compare(state, carriers, projections, warnings)


def _without_conflicting(plan: Plan, nodes: NodeNames) -> Plan:
    """Plan again, with conflicting objects and their dependents as they were last applied."""
    conflicts = [conflict for conflict in plan.conflicts if conflict.is_new]
    objects = objects_by_label(plan.carriers)
    in_the_way = {objects[conflict.owner] for conflict in conflicts if conflict.owner in objects}
    state, reasons = with_objects_as_before(plan.state, applied_state(), in_the_way)
    again = leave_out_conflicting(_plan(state, carriers_of(state), nodes))
    dependents = _dependents_left_out(reasons, {found: label for label, found in objects.items()})
    notices = {notice.where: notice for notice in (*left_out(conflicts), *dependents, *again.left_out)}
    beside = [conflict for conflict in plan.conflicts if not conflict.is_new]
    return replace(
        again,
        left_out=list(notices.values()),
        objects_left_out=frozenset(reasons),
        warnings=again.warnings + warnings_of(beside),
    )


def _dependents_left_out(reasons: Reasons, labels: dict[Object, str]) -> Iterator[Notice]:
    for found, reason in reasons.items():
        if reason is not None and found in labels:
            needed = labels.get(reason, "an object that no longer exists")
            text = f"is not applied, because it needs a change of {needed}, which is left out."
            yield Notice(labels[found], text)


def leave_out_conflicting(plan: Plan) -> Plan:
    """Return the plan without the changes that conflict: their rows in the tables stay as they are."""
    conflicts = [conflict for conflict in plan.conflicts if conflict.is_new]
    withheld = [
        withhold(
            plan.projections[module.module],
            changes,
            [conflict for conflict in conflicts if conflict.table is changes.table],
        )
        for module in plan.modules
        for changes in module.tables.values()
    ]
    return replace(plan, left_out=left_out(conflicts), withheld=withheld)


def compare(
    state: State, carriers: Carriers, projections: dict[KamailioModule, Projection], warnings: list[Notice]
) -> Plan:
    """Return a plan that makes Kamailio's tables equal to the projections, which were made of ``state``.

    It still has the changes that conflict with other programs' rows; ``conflicts`` names them.
    """
    modules = []
    conflicts: list[Conflict] = []
    removes_all_routes = False
    for module, projection in projections.items():
        tables = {}
        for table in module.tables:
            stored = table.stored()
            projection.take_kept(table, stored)
            settle_keys(module, projection, table, stored)
            wanted = projection.rows[table]
            tables[table] = difference(table, wanted, stored)
            conflicts += conflicts_of(projection, tables[table])
            if table.carries_calls is not None and any(map(table.carries_calls, stored.values())):
                removes_all_routes |= not any(table.carries_calls(row.values) for row in wanted.values())
        modules.append(ModuleChanges(module, tables))
    return Plan(state, carriers, projections, modules, [], warnings, removes_all_routes, conflicts=conflicts)


def difference(table: Table, wanted: dict[int, Row], stored: dict[int, Values]) -> TableChanges:
    """Return what must be added, updated and deleted to make ``stored`` equal to ``wanted``."""
    return TableChanges(
        table,
        adds={pk: row for pk, row in wanted.items() if pk not in stored},
        updates={pk: (stored[pk], row) for pk, row in wanted.items() if pk in stored and stored[pk] != row.values},
        deletes={pk: values for pk, values in stored.items() if pk not in wanted},
    )


def write(plan: Plan) -> None:
    """Write the plan's changes; the caller holds the transaction.

    A changed row is deleted and inserted again, because rows may swap values of a unique column.
    """
    for module in plan.modules:
        for changes in module.tables.values():
            manager = changes.table.model._default_manager
            for keys in chunks([*changes.deletes, *changes.updates]):
                manager.filter(pk__in=keys).delete()
            columns = changes.table.columns
            manager.bulk_create(
                [changes.table.model(**dict(zip(columns, row.values, strict=True))) for row in rows_after(changes)],
                batch_size=_CHUNK,
            )


def rows_after(changes: TableChanges) -> list[Row]:
    """Return the rows that are inserted: those that are new, and those that change."""
    return [*changes.adds.values(), *(row for _, row in changes.updates.values())]


def chunks(things: list[_T]) -> Iterator[list[_T]]:
    """Yield the things in chunks of as many as fit into one statement."""
    for start in range(0, len(things), _CHUNK):
        yield things[start : start + _CHUNK]


def _overflows(projection: Projection) -> Iterator[Notice]:
    for table, rows in projection.rows.items():
        for row in rows.values():
            for sentence in table.overflows(row.values):
                yield Notice(row.label, f"{sentence}.")


def _table_lines(changes: TableChanges) -> Iterator[str]:
    table = changes.table
    for pk, row in changes.adds.items():
        yield f"+ {table.name} {pk}: {row.label}: {' '.join(row_in_words(table, row.values))}"
    for pk, (before, row) in changes.updates.items():
        yield f"~ {table.name} {pk}: {row.label}: {' '.join(row_changes_in_words(table, before, row.values))}"
    for pk, values in changes.deletes.items():
        yield f"- {table.name} {pk}: {' '.join(row_in_words(table, values))}"
