"""The operations behind the buttons that change what the nodes run: write the plan, reload every node, verify.

The tables change in one transaction with the revision number in it, so a crash at any point leaves the old rows or the
new rows; the next apply finds nodes that are not on the tables' revision and repairs them. HTTP 200 alone is no
success: each node's memory is compared with the rows.

Each runs one job under the apply lock (``jobs``), returns a result, and does not raise operational failures.
``progress`` is called when a step begins and when a node is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from carriers.databases.deadlocks import ATTEMPTS, is_deadlock
from carriers.databases.errors import sentence_of
from carriers.history import milestones
from carriers.history.actor import COMMAND
from kamailio_bridge.apply.jobs import Apply, FailOver, Job, Restore, Retry
from kamailio_bridge.apply.lock import Busy, Claim, LockLost, apply_lock
from kamailio_bridge.apply.reload_nodes import Progress, finish, reload_nodes
from kamailio_bridge.apply.result import ApplyResult, NotApplied
from kamailio_bridge.apply.sentences import (
    NOTHING_APPLIED,
    nothing_sentence,
    refusal,
    reload_sentence,
    with_left_out,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.plan.make import Plan, write
from kamailio_bridge.revisions.models import KEPT_LINES, Revision
from kamailio_bridge.revisions.number import store_revision, stored_revision
from kamailio_bridge.revisions.retention import drop_old_snapshots
from kamailio_bridge.revisions.roll_back import NotKept, mark_applied
from kamailio_bridge.revisions.state_bytes import pack
from kamailio_bridge.tables.reading import TablesUnreadable

WRITE_SECONDS = 120.0  # the longest that writing may take: 100,000 endpoints need some 20 s on SQLite


def _silent(_step: str) -> None:
    pass


def apply(
    *,
    author: User | None,
    allow_empty: bool = False,
    seen: str | None = None,
    nodes: list[Node] | None = None,
    progress: Progress = _silent,
) -> ApplyResult:
    """Make every node run what the carriers say: the *Reload Kamailio* button.

    ``allow_empty`` confirms a plan that would leave no route for outbound calls. ``seen`` is the digest of the plan
    that the operator looked at: if the plan differs by now, nothing is applied. ``nodes`` limits the reload to some
    nodes (the others stay behind until the next apply).
    """
    return _run(partial(Apply.begin, nodes, allow_empty=allow_empty, seen=seen), author, progress)


def fail_over(*, author: User | None, node: str, progress: Progress = _silent) -> ApplyResult:
    """Disable a node, and let the others register its accounts. Pending changes stay pending.

    The node itself is reloaded first, if it can be reached, so that it ends its registrations before the others begin.

    Raises ``KamailioNode.DoesNotExist``.
    """
    return _run(partial(FailOver.begin, node), author, progress)


def restore(*, author: User | None, seen: str | None = None, progress: Progress = _silent) -> ApplyResult:
    """Restore the last revision's rows where somebody else changed them, and let every node reload all of them.

    This makes a new revision, with the carriers of the last one; pending changes stay pending. ``seen`` is the
    digest of the drift that the operator looked at. Other tools' rows are not touched.
    """
    return _run(partial(Restore.begin, seen), author, progress)


def retry(*, author: User | None, names: Collection[str], progress: Progress = _silent) -> ApplyResult:
    """Bring nodes that are behind to the revision in the tables. Nothing is written, and pending changes stay pending.

    A node that runs the revision and was verified does nothing; any other reloads everything, but accounts whose
    registration is in order do not register again.
    """
    return _run(partial(Retry.begin, names), author, progress)


@dataclass(frozen=True)
class _Run:
    """A job, its author, and the claim on the lock under which it runs."""

    job: Job
    author: User | None
    progress: Progress
    claim: Claim


class _Written(NamedTuple):
    """The contents of the tables now: the plan's rows as revision ``number``; ``before`` is the previous revision.

    ``revision`` is None if no new one was due.
    """

    plan: Plan
    number: int
    before: int | None
    revision: Revision | None


def _run(begin: Callable[[], Job], author: User | None, progress: Progress) -> ApplyResult:
    """Run a job under the lock, and turn operational failures into results."""
    try:
        with apply_lock(_name(author), WRITE_SECONDS) as claim:
            job = begin()
            run = _Run(job, author, progress, claim)
            with job.prepared():
                written = _write(run) if job.writes else _read(job)
            _record(job, written)
            return job.conclude(_reload(run, written))
    except NotApplied as ended:
        return ended.result
    except Busy as busy:
        return ApplyResult("busy", str(busy))
    except LockLost as lost:
        return ApplyResult("failed", str(lost))
    except (TablesUnreadable, NotKept) as unreadable:
        return ApplyResult("failed", f"Nothing was changed. {unreadable}")
    except DatabaseError as error:
        return ApplyResult("failed", f"The product's own database failed. {sentence_of(error)}")


def _name(author: User | None) -> str:
    return author.get_username() if author is not None else COMMAND


def _read(job: Job) -> _Written:
    plan, number = job.plan(), stored_revision()
    if number is None:
        raise NotApplied("refused", NOTHING_APPLIED)
    return _Written(plan, number, number, None)


def _write(run: _Run, attempts: int = ATTEMPTS) -> _Written:
    """Make the plan and write it. Raises ``NotApplied``, and leaves the tables as they were."""
    job = run.job
    run.progress("Comparing the carriers with Kamailio's tables")
    revision: Revision | None = None
    plan: Plan | None = None
    try:
        # One transaction reads and writes the tables, so that nobody changes them in between.
        with transaction.atomic(using="kamailio"):
            read = timezone.now()
            plan = job.plan()
            refused = refusal(plan, allow_empty=job.allow_empty)
            if refused is not None:
                raise NotApplied("refused", refused, plan)
            if job.seen is not None and job.seen != plan.digest():
                raise NotApplied("changed", job.changed_sentence, plan)
            before = stored_revision()
            if before is not None and not plan.count and not job.is_due(plan, before):
                return _Written(plan, before, before, None)
            run.progress(f"Writing {plan.count} rows")
            revision = Revision.objects.create(
                author=run.author,
                author_name=_name(run.author),
                carriers_read=read if job.applies_carriers else None,
                summary=job.summary(plan),
                changes=plan.lines(KEPT_LINES),
                left_out=list(map(str, plan.left_out)),
                snapshot=job.snapshot(plan, before),
                spread_over=job.spread_over(),
            )
            write(plan)
            store_revision(revision.number)
        return _Written(plan, revision.number, before, revision)
    except DatabaseError as error:
        if revision is not None:
            Revision.objects.filter(pk=revision.pk).update(
                outcome=Revision.Outcome.FAILED,
                finished=timezone.now(),
                snapshot=None,  # the tables never had these rows
            )
        if attempts > 1 and (is_deadlock(error) or _is_overtaken(error, job, plan)):
            return _write(run, attempts - 1)
        sentence = f"Kamailio's tables could not be written, and nothing was changed. {sentence_of(error)}"
        raise NotApplied("failed", sentence) from error


def _is_overtaken(error: DatabaseError, job: Job, plan: Plan | None) -> bool:
    """Say whether another program took a key after we read the tables, so that the plan would differ now."""
    return isinstance(error, IntegrityError) and plan is not None and job.plan().digest() != plan.digest()


def _record(job: Job, written: _Written) -> None:
    """Record that the tables were written: in the revision, its roll back, and the history of the carriers."""
    plan, number, before, revision = written
    if revision is not None:
        Revision.objects.filter(pk=number).update(outcome=Revision.Outcome.WRITTEN)
        if job.applies_carriers and not plan.left_out:
            mark_applied(revision)
        drop_old_snapshots(in_tables=number)
        milestones.mark_applied(plan.entries, number, left_out=plan.objects_left_out)
    elif plan.entries and before is not None and _holds(before, plan):
        # The apply that wrote it was killed before it could record that.
        milestones.mark_applied(plan.entries, before, left_out=plan.objects_left_out)


def _holds(number: int, plan: Plan) -> bool:
    """Say whether a revision has exactly the carriers of the plan."""
    revision = Revision.objects.with_snapshot().filter(number=number).first()
    return revision is not None and bytes(revision.snapshot or b"") == pack(plan.state)


def _reload(run: _Run, written: _Written) -> ApplyResult:
    job, plan, number, nodes = run.job, written.plan, written.number, run.job.nodes
    remark = job.before_reload(plan, number, run.claim, run.progress)
    run.progress(f"Reloading and verifying {', '.join(node.name for node in nodes)}")
    before = written.before if job.trusts_nodes else None
    results = reload_nodes(nodes, plan, before=before, number=number, claim=run.claim, progress=run.progress)
    ok = all(result.ok for result in results)
    if ok and not any(result.reloaded for result in results):
        if Revision.objects.filter(pk=number, outcome=Revision.Outcome.WRITTEN).exists():
            finish(number, nodes)  # an apply was killed after every node was reloaded, but before that was recorded
        outcome, sentence = with_left_out("nothing", nothing_sentence(number, plan), plan)
        return ApplyResult(outcome, sentence, number, results, plan)
    finish(number, nodes)
    outcome, sentence = with_left_out("verified" if ok else "behind", reload_sentence(number, results), plan)
    return ApplyResult(outcome, " ".join(filter(None, [sentence, remark])), number, results, plan)
