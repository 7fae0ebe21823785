"""The preview of an apply: what the plan means to an operator, since the revision that Kamailio's tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.node import node_names
from kamailio_bridge.plan.from_tables import plan_of_revision
from kamailio_bridge.plan.make import Plan, make_plan
from kamailio_bridge.preview.carrier_changes import Change, changes_in_words
from kamailio_bridge.preview.losses import losses
from kamailio_bridge.preview.node_changes import nodes_in_words
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.rows.types import Notice

NO_CARRIERS = Carriers({}, {}, (), ())


@dataclass(frozen=True)
class Preview:
    """A plan in words. ``changes`` is None where the last revision's carriers are not known: then only rows are.

    ``drifted`` counts the rows that somebody else changed since; this reload changes them, too.
    """

    plan: Plan
    revision: Revision | None
    changes: list[Change] | None
    losses: list[Notice]
    drifted: int = 0

    @property
    def warnings(self) -> list[Notice]:
        """What an operator should know before: first what ends with this apply, then what carries no calls anyway."""
        return [*self.losses, *self.plan.warnings]

    def lines(self) -> list[str]:
        """Return the changes as plain text; the rows, where there are no words for them."""
        if self.changes is None:
            return self.plan.lines()
        return [line for change in self.changes for line in change.lines()]


def make_preview() -> Preview:
    """Plan, and compare the carriers with those of the revision in Kamailio's tables. Raises ``TablesUnreadable``."""
    plan = make_plan()
    revision, before = _applied()
    if before is None:
        return Preview(plan, revision, None, [])
    changes, ended = changes_in_words(before, plan.carriers), losses(before, plan.carriers)
    if revision is None:
        return Preview(plan, revision, changes, ended)
    changes += nodes_in_words(revision.spread_over, node_names(), plan.carriers)
    return Preview(plan, revision, changes, ended, plan_of_revision(revision).count)


def _applied() -> tuple[Revision | None, Carriers | None]:
    """Return the revision in the tables and its carriers: none at all before the first, None when they are not kept."""
    number = stored_revision()
    if number is None:
        return None, NO_CARRIERS
    revision = Revision.objects.filter(pk=number).first()
    return revision, revision.carriers() if revision is not None else None


def summary_lines(preview: Preview) -> Iterator[str]:
    """Yield the last lines for a terminal: how much it is, and what to make of it."""
    plan = preview.plan
    if not plan.count:
        yield "No changes pending."
        return
    if preview.drifted:
        yield f"Somebody else changed rows in Kamailio's tables ({preview.drifted}): manage.py check_drift names them."
    changes = "change" if plan.count == 1 else "changes"
    yield f"{plan.count} {changes} pending: {plan.summary()}."
