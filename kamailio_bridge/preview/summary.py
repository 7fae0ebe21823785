"""The preview of an apply: the plan in the operator's words, compared with the revision in Kamailio's tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.node import configured_nodes, node_names
from kamailio_bridge.plan.from_tables import plan_of_revision
from kamailio_bridge.plan.make import Plan, make_plan
from kamailio_bridge.plan.sockets import held_sockets, with_socket_problems
from kamailio_bridge.preview.carrier_changes import Change, changes_in_words
from kamailio_bridge.preview.losses import losses
from kamailio_bridge.preview.node_changes import nodes_in_words
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.rows.types import Notice

NO_CARRIERS = Carriers({}, {}, (), ())


@dataclass(frozen=True)
class Preview:
    """A plan in words. ``changes`` is None if the last revision's carriers are not known: then only rows can be shown.

    ``drifted`` counts the rows that somebody else changed since; this reload changes them, too.
    """

    plan: Plan
    revision: Revision | None
    changes: list[Change] | None
    losses: list[Notice]
    drifted: int = 0
    remarks: tuple[Notice, ...] = ()

    @property
    def warnings(self) -> list[Notice]:
        """The warnings before an apply: what ends with it, what carries no calls anyway, and what is to do on nodes."""
        return [*self.losses, *self.plan.warnings, *self.remarks]

    def lines(self) -> list[str]:
        """Return the changes as plain text, or the rows if there are no words for them."""
        if self.changes is None:
            return self.plan.lines()
        return [line for change in self.changes for line in change.lines()]


def make_preview() -> Preview:
    """Plan, and compare the carriers with those of the revision in Kamailio's tables. Raises ``TablesUnreadable``."""
    plan = with_socket_problems(make_plan(), held_sockets(configured_nodes()))
    return replace(_compare(plan), remarks=tuple(_remarks(plan)))


def _remarks(plan: Plan) -> Iterator[Notice]:
    """Say what the operator has to do on nodes themselves."""
    for changes in plan.modules:
        for node in configured_nodes() if changes.count else ():
            text = changes.module.remark(node, plan.projections[changes.module], changes)
            if text:
                yield Notice(f"node {node.name}", text)


def _compare(plan: Plan) -> Preview:
    revision, before = _applied()
    if before is None:
        return Preview(plan, revision, None, [])
    changes, ended = changes_in_words(before, plan.carriers), losses(before, plan.carriers)
    if revision is None:
        return Preview(plan, revision, changes, ended)
    changes += nodes_in_words(revision.spread_over, node_names(), plan.carriers)
    return Preview(plan, revision, changes, ended, plan_of_revision(revision).count)


def _applied() -> tuple[Revision | None, Carriers | None]:
    """Return the revision in the tables and its carriers: empty before the first revision, None if not kept."""
    number = stored_revision()
    if number is None:
        return None, NO_CARRIERS
    revision = Revision.objects.filter(pk=number).first()
    return revision, revision.carriers() if revision is not None else None


def summary_lines(preview: Preview) -> Iterator[str]:
    """Yield the last lines for a terminal: how much changes, and the next step."""
    plan = preview.plan
    if not plan.count:
        yield "No changes pending."
        return
    if preview.drifted:
        yield f"Somebody else changed rows in Kamailio's tables ({preview.drifted}): manage.py check_drift names them."
    changes = "change" if plan.count == 1 else "changes"
    yield f"{plan.count} {changes} pending: {plan.summary()}."
