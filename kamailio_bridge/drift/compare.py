"""Drift: differences of Kamailio's tables, or of a node's memory, from the last revision.

The rows of a revision are the projection of its carriers, so revisions keep no rows to compare with. Only our own rows
are compared, not those of other tools. Pending changes of the carriers are no drift.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError

from carriers.databases.errors import sentence_of
from kamailio_bridge.modules import NO_MODULES
from kamailio_bridge.modules.base import Projection, TableChanges
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError, method_names
from kamailio_bridge.plan.from_tables import plan_of_revision
from kamailio_bridge.plan.make import Plan
from kamailio_bridge.revisions.applied import last_applied
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from kamailio_bridge.revisions.roll_back import NotKept
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Notice
from kamailio_bridge.tables.reading import TablesUnreadable

LOOK_SECONDS = 15.0  # for the nodes to return everything that they hold, for a page or a status


@dataclass(frozen=True)
class Drift:
    """The tables compared with the last revision. ``unknown`` says why that is impossible; then there are no rows."""

    revision: Revision | None = None
    plan: Plan | None = None
    rows: list[RowDrift] = field(default_factory=list)
    number: str = ""
    unknown: str = ""

    @property
    def left_out(self) -> list[Notice]:
        """Objects that can't be restored, with the reasons."""
        return self.plan.left_out if self.plan is not None else []

    @property
    def digest(self) -> str:
        """A short text that identifies the differences, to tell whether they are still those that were seen."""
        return self.plan.digest() if self.plan is not None else ""

    @property
    def found(self) -> bool:
        """Whether anything in the tables differs from what was applied."""
        return bool(self.rows or self.number)

    def sentences(self) -> list[str]:
        """Return a sentence for each difference."""
        number = [self.number] if self.number else []
        return [*number, *(f"{row}." for row in self.rows), *map(str, self.left_out)]


@dataclass(frozen=True)
class NodeDrift:
    """One node's memory compared with the last revision: a sentence for each difference, or why it is unknown."""

    name: str
    differences: list[str] = field(default_factory=list)
    unknown: str = ""


def read_drift() -> Drift:
    """Compare Kamailio's tables with the last revision. Failures become ``unknown`` and are never raised."""
    try:
        revision, stored = last_applied(), stored_revision()
        if revision is None:
            return Drift(unknown="Nothing has been applied yet, so there is nothing to compare with.")
        plan = plan_of_revision(revision)
    except (TablesUnreadable, NotKept) as error:
        return Drift(unknown=str(error))
    except DatabaseError as error:
        return Drift(unknown=f"It can't be read. {sentence_of(error)}")
    return Drift(revision, plan, list(_rows(plan)), _number(revision.number, stored))


def _rows(plan: Plan) -> Iterator[RowDrift]:
    for module in plan.modules:
        for changes in module.tables.values():
            yield from _table_rows(changes, plan.projections[module.module])
    for changes in plan.withheld:
        module = next(module for module in plan.modules if changes.table in module.tables)
        yield from _table_rows(changes, plan.projections[module.module])


def _table_rows(changes: TableChanges, projection: Projection) -> Iterator[RowDrift]:
    """Turn the changes that would correct the table into what somebody did to it."""
    table, own_keys = changes.table, projection.moved.get(changes.table, {})
    for pk, (found, row) in changes.updates.items():
        yield RowDrift(table, pk, "changed", row.label, row.values, found)
    for pk, row in changes.adds.items():
        yield RowDrift(table, own_keys.get(pk, pk), "deleted", row.label, row.values, None)
    for pk, values in changes.deletes.items():
        yield RowDrift(table, pk, "added", "a row that no revision has", None, values)


def _number(expected: int, stored: int | None) -> str:
    if stored == expected:
        return ""
    held = "no revision" if stored is None else f"revision {stored}"
    return f"Kamailio's tables say that they hold {held}, but the last one applied is {expected}."


# --- Nodes' memory ----------------------------------------------------------------------------------------------------


def read_node_drift(drift: Drift, seconds: float | None = None, *, nodes: list[Node] | None = None) -> list[NodeDrift]:
    """Compare the memory of nodes with the last revision, all at once. Never raises for a node that is down.

    Each may take its time limit, or ``seconds`` if that is less; without an answer by then it is ``unknown``.
    """
    plan, revision = drift.plan, drift.revision
    if plan is None or revision is None:
        return []
    try:
        nodes = configured_nodes() if nodes is None else nodes
    except DatabaseError as error:
        return [NodeDrift("all nodes", unknown=f"The nodes can't be read. {sentence_of(error)}")]
    limit = max((node.rpc.timeout for node in nodes), default=0.0) if seconds is None else seconds
    answers = ask_nodes(nodes, lambda node: node_drift(node, plan, revision.number), limit)
    return [
        NodeDrift(node.name, unknown=str(answer)) if isinstance(answer, RpcError) else answer
        for node, answer in zip(nodes, answers, strict=True)
    ]


def node_drift(node: Node, plan: Plan, number: int) -> NodeDrift:
    """Compare one node's memory with the plan of a revision. Uses no database: it may run in a thread of its own."""
    differences: list[str] = []
    try:
        methods = frozenset(method_names(node.rpc))
        present = [module for module in plan.projections if module.is_on(node.rpc, methods)]
        if not present:
            return NodeDrift(node.name, unknown=NO_MODULES)
        for module in present:
            differences += module.verify(node, plan.projections[module], None)
        can_tell = any(module.holds_revision for module in present)
        running = revision_on_node(node.rpc) if can_tell else number
    except RpcError as error:
        return NodeDrift(node.name, differences, unknown=str(error))
    if running != number:
        claimed = "no revision" if running is None else f"revision {running}"
        differences.insert(0, f"It says that it runs {claimed} instead of {number}.")
    return NodeDrift(node.name, differences)
