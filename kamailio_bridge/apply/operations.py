"""Apply: write the plan, reload every node, verify. It is what the *Reload Kamailio* button does.

The tables change in one transaction with the revision number in it, so a crash at any point leaves the old rows or the
new rows; the next apply finds nodes that are not on the tables' revision and repairs them. Nothing is called successful
because HTTP said 200: each node's memory is compared with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from carriers.databases.deadlocks import ATTEMPTS, is_deadlock
from carriers.databases.errors import sentence_of
from carriers.history import milestones
from carriers.history.actor import COMMAND
from kamailio_bridge.apply.lock import Busy, Claim, LockLost, apply_lock
from kamailio_bridge.apply.reload_node import NodeResult
from kamailio_bridge.apply.reload_nodes import LEASE_SECONDS, Progress, finish, reload_nodes, reload_one
from kamailio_bridge.apply.sentences import (
    Outcome,
    nodes_run,
    nothing_sentence,
    refusal,
    reload_sentence,
    with_left_out,
)
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node, configured_nodes, node_names
from kamailio_bridge.plan.from_tables import plan_of_new_owners, plan_of_revision, plan_of_tables
from kamailio_bridge.plan.make import Plan, TablesUnreadable, make_plan, write
from kamailio_bridge.revisions.applied import last_applied
from kamailio_bridge.revisions.models import KEPT_LINES, Revision
from kamailio_bridge.revisions.number import store_revision, stored_revision
from kamailio_bridge.revisions.retention import drop_old_snapshots
from kamailio_bridge.revisions.roll_back import NotKept, mark_applied, waiting_roll_back
from kamailio_bridge.revisions.state_bytes import pack

WRITE_SECONDS = 120.0  # the longest that writing may take: 100,000 endpoints need some 20 s on SQLite
FAREWELL_SECONDS = 5.0  # for a departing node to end its registrations; it may be dead
CHANGED_SENTENCE = (
    "Nothing was applied, because somebody saved since you saw the changes. These are the changes now: look at them,"
    " then press Reload Kamailio again."
)
DRIFTED_SENTENCE = (
    "Nothing was restored, because the rows changed again since you saw them. This is the drift now: look at it, then"
    " press Restore again."
)
NO_NODE_SENTENCE = "Nothing was changed, because no node is enabled: enable one under Nodes."


@dataclass(frozen=True)
class ApplyResult:
    """How an apply ended. ``sentence`` is for the operator; ``plan`` is there once it was made."""

    outcome: Outcome
    sentence: str
    revision: int | None = None
    nodes: list[NodeResult] = field(default_factory=list)
    plan: Plan | None = None

    @property
    def ok(self) -> bool:
        """Whether every node runs what the carriers say, and nothing was left out."""
        return self.outcome in ("nothing", "verified")


@dataclass(frozen=True)
class _Request:
    """Who asks for which nodes, and the claim on the lock under which it is done.

    ``leaving`` is a node whose registrations fail over. ``again`` is the revision whose rows are restored.
    """

    author: AbstractBaseUser | None
    nodes: list[Node]
    progress: Progress
    claim: Claim
    leaving: Node | None = None
    again: Revision | None = None


def apply(
    *,
    author: AbstractBaseUser | None,
    allow_empty: bool = False,
    seen: str | None = None,
    nodes: list[Node] | None = None,
    progress: Progress = lambda _step: None,
) -> ApplyResult:
    """Make every node run what the carriers say, and return the result; operational failures are not raised.

    ``allow_empty`` confirms a plan that would leave no route for outbound calls. ``seen`` is the digest of the plan
    that the operator looked at: if it is another one by now, nothing is applied that nobody saw. ``nodes`` limits the
    reload to some nodes (the others stay behind until the next apply). ``progress`` is called when a step begins
    and when a node is done.
    """

    def work(claim: Claim) -> ApplyResult:
        asked = configured_nodes() if nodes is None else nodes
        if nodes is None and not asked:
            return ApplyResult("refused", NO_NODE_SENTENCE)
        request = _Request(author, asked, progress, claim)
        return _apply(request, partial(make_plan, with_entries=True), allow_empty=allow_empty, seen=seen)

    return _alone(author, work)


def fail_over(*, author: AbstractBaseUser | None, node: str, progress: Progress = lambda _step: None) -> ApplyResult:
    """Disable a node, and let the others register its accounts. Pending changes stay pending.

    The node itself is told first, if it can be reached, so that it ends its registrations before the others begin.

    Raises ``KamailioNode.DoesNotExist``.
    """

    def work(claim: Claim) -> ApplyResult:
        record = KamailioNode.objects.get(name=node)
        leaving = Node(record.name, record.rpc())
        others = [other for other in configured_nodes() if other.name != node]
        if not others:
            return ApplyResult(
                "refused", f"Nothing was changed: {node} is the last node, and there is no other to fail over to."
            )
        _enable(record, enabled=False)
        request = _Request(author, others, progress, claim, leaving=leaving)
        result = _apply(request, plan_of_new_owners, allow_empty=True, seen=None)
        if result.outcome in ("failed", "refused"):
            _enable(record, enabled=True)
        if result.outcome == "nothing":
            return replace(result, sentence=f"Node {node} is disabled; there were no registrations to fail over.")
        return result

    return _alone(author, work)


def restore(
    *, author: AbstractBaseUser | None, seen: str | None = None, progress: Progress = lambda _step: None
) -> ApplyResult:
    """Restore the last revision's rows where somebody else changed them, and let every node reload all of them.

    It is a revision of its own, with the carriers of the last one; pending changes stay pending. ``seen`` is the
    digest of the drift that the operator looked at. Other tools' rows are not touched.
    """

    def work(claim: Claim) -> ApplyResult:
        revision = last_applied()
        if revision is None:
            return ApplyResult("refused", "Nothing has been applied yet: press Reload Kamailio.")
        nodes = configured_nodes()
        if not nodes:
            return ApplyResult("refused", NO_NODE_SENTENCE)
        request = _Request(author, nodes, progress, claim, again=revision)
        result = _apply(request, lambda: plan_of_revision(revision), allow_empty=True, seen=seen)
        return replace(result, sentence=DRIFTED_SENTENCE) if result.outcome == "changed" else result

    return _alone(author, work)


def retry(
    *, author: AbstractBaseUser | None, names: Collection[str], progress: Progress = lambda _step: None
) -> ApplyResult:
    """Bring nodes that are behind to the revision in the tables. Nothing is written, and pending changes stay pending.

    A node that runs the revision and was verified is left alone; any other reloads everything, but accounts whose
    registration is in order do not register again.
    """

    def work(claim: Claim) -> ApplyResult:
        asked = [node for node in configured_nodes() if node.name in names]
        if not asked:
            return ApplyResult("refused", "None of these nodes is enabled: enable them first.")
        plan, number = plan_of_tables(), stored_revision()
        if number is None:
            return ApplyResult("refused", "Nothing has been applied yet: press Reload Kamailio.")
        result = _reload(_Request(author, asked, progress, claim), plan, number, number)
        if not result.ok:
            return result
        done = "already verified" if result.outcome == "nothing" else "reloaded and verified"
        return replace(result, sentence=f"{nodes_run(asked)} revision {number}: {done}.")

    return _alone(author, work)


def _enable(record: KamailioNode, *, enabled: bool) -> None:
    record.enabled = enabled
    record.save(update_fields=["enabled"])


def _name(author: AbstractBaseUser | None) -> str:
    return author.get_username() if author is not None else COMMAND


def _alone(author: AbstractBaseUser | None, work: Callable[[Claim], ApplyResult]) -> ApplyResult:
    """Work under the lock, and turn what goes wrong into a sentence."""
    try:
        with apply_lock(_name(author), WRITE_SECONDS) as claim:
            return work(claim)
    except Busy as busy:
        return ApplyResult("busy", str(busy))
    except LockLost as lost:
        return ApplyResult("failed", str(lost))
    except (TablesUnreadable, NotKept) as unreadable:
        return ApplyResult("failed", f"Nothing was changed. {unreadable}")
    except DatabaseError as error:
        return ApplyResult("failed", f"The product's own database failed. {sentence_of(error)}")


def _apply(
    request: _Request,
    make_it: Callable[[], Plan],
    *,
    allow_empty: bool,
    seen: str | None,
    attempts: int = ATTEMPTS,
) -> ApplyResult:
    request.progress("Comparing the carriers with Kamailio's tables")
    revision: Revision | None = None
    plan: Plan | None = None
    try:
        # One transaction from the look at the tables to the write, so that nobody changes them in between.
        with transaction.atomic(using="kamailio"):
            read = timezone.now()
            plan = make_it()
            refused = refusal(plan, allow_empty=allow_empty)
            if refused is not None:
                return ApplyResult("refused", refused, plan=plan)
            if seen is not None and seen != plan.digest():
                return ApplyResult("changed", CHANGED_SENTENCE, plan=plan)
            before = number = stored_revision()
            if plan.count or before is None or _revision_is_due(request, plan, before):
                request.progress(f"Writing {plan.count} rows")
                revision = Revision.objects.create(
                    author=cast(Any, request.author),
                    author_name=_name(request.author),
                    carriers_read=None if request.leaving or request.again is not None else read,
                    summary=_summary(request, plan),
                    changes=plan.lines(KEPT_LINES),
                    left_out=list(map(str, plan.left_out)),
                    snapshot=_snapshot(request, plan, before),
                    spread_over=request.again.spread_over if request.again is not None else list(node_names()),
                )
                number = revision.number
                write(plan)
                store_revision(number)
    except DatabaseError as error:
        if revision is not None:
            Revision.objects.filter(pk=revision.pk).update(
                outcome=Revision.Outcome.FAILED,
                finished=timezone.now(),
                snapshot=None,  # no table ever was as it says
            )
        if attempts > 1 and (is_deadlock(error) or _is_overtaken(error, make_it, plan)):
            return _apply(request, make_it, allow_empty=allow_empty, seen=seen, attempts=attempts - 1)
        sentence = f"Kamailio's tables could not be written, and nothing was changed. {sentence_of(error)}"
        return ApplyResult("failed", sentence)
    if revision is not None:
        Revision.objects.filter(pk=revision.number).update(outcome=Revision.Outcome.WRITTEN)
        if not request.leaving and request.again is None and not plan.left_out:
            mark_applied(revision)
        drop_old_snapshots(in_tables=revision.number)
        milestones.mark_applied(plan.entries, revision.number, left_out=plan.objects_left_out)
    elif plan.entries and before is not None and _holds(before, plan):
        # The apply that wrote it was killed before it could say so.
        milestones.mark_applied(plan.entries, before, left_out=plan.objects_left_out)
    # The nodes may have loaded what somebody else did to the tables, so none is known to be as it was verified.
    return _reload(request, plan, before if request.again is None else None, cast(int, number))


def _holds(number: int, plan: Plan) -> bool:
    """Say whether a revision has the very carriers of the plan."""
    revision = Revision.objects.filter(number=number, snapshot__isnull=False).first()
    return revision is not None and bytes(revision.snapshot or b"") == pack(plan.state)


def _is_overtaken(error: DatabaseError, make_it: Callable[[], Plan], plan: Plan | None) -> bool:
    """Say whether another program took a key after we read the tables, so that the plan would differ now."""
    return isinstance(error, IntegrityError) and plan is not None and make_it().digest() != plan.digest()


def _revision_is_due(request: _Request, plan: Plan, before: int) -> bool:
    """Say whether a revision is due although no row changes.

    That is the case when the tables name a different revision from the one that is restored, and when the carriers
    accepted rows that somebody else had changed: without a revision they would count as drift for ever.
    """
    if request.again is not None:
        return request.again.number != before
    if request.leaving:
        return False
    last = last_applied()
    if last is None or not last.snapshot or bytes(last.snapshot) == pack(plan.state):
        return False
    return plan_of_revision(last).count > 0


def _summary(request: _Request, plan: Plan) -> str:
    """Say how much changes and why: a node that goes, or a revision that the carriers were rolled back to before."""
    if request.leaving:
        return f"fail over from node {request.leaving.name}: {plan.summary()}"
    if request.again is not None:
        return f"restore revision {request.again.number}: {plan.summary()}"
    target = waiting_roll_back()
    if target is None:
        return plan.summary()
    others = "" if target.snapshot and bytes(target.snapshot) == pack(plan.state) else ", with other changes"
    return f"roll back to revision {target.number}{others}: {plan.summary()}"


def _snapshot(request: _Request, plan: Plan, before: int | None) -> bytes | None:
    """Return the carriers that the tables represent now: after a node's failover, the same as before."""
    if not request.leaving:
        return pack(plan.state)
    last = Revision.objects.filter(number=before or 0).values_list("snapshot", flat=True).first()
    return bytes(last) if last is not None else None


def _farewell(request: _Request, node: Node, plan: Plan, number: int) -> str:
    """Let a departing node end its registrations if it can still be reached, and say what is left to do."""
    request.claim.renew(LEASE_SECONDS)
    told, _ = reload_one(node.for_one_job(FAREWELL_SECONDS), plan, None, number)
    request.progress(f"Node {node.name}: {told.sentence}")
    if told.ok:
        return f"Node {node.name} was told: it registers nothing any more."
    return (
        f"Node {node.name} itself could not be told, so if it still runs, stop it, or it keeps registering:"
        f" {told.sentence}"
    )


def _reload(request: _Request, plan: Plan, before: int | None, number: int) -> ApplyResult:
    nodes = request.nodes
    farewell = "" if request.leaving is None else _farewell(request, request.leaving, plan, number)
    request.progress(f"Reloading and verifying {', '.join(node.name for node in nodes)}")
    results = reload_nodes(nodes, plan, before=before, number=number, claim=request.claim, progress=request.progress)
    ok = all(result.ok for result in results)
    if ok and not any(result.reloaded for result in results):
        if Revision.objects.filter(pk=number, outcome=Revision.Outcome.WRITTEN).exists():
            finish(number, nodes)  # an apply was killed when every node had it, but nobody had said so
        outcome, sentence = with_left_out("nothing", nothing_sentence(number, plan), plan)
        return ApplyResult(outcome, sentence, number, results, plan)
    finish(number, nodes)
    outcome, sentence = with_left_out("verified" if ok else "behind", reload_sentence(number, results), plan)
    return ApplyResult(outcome, " ".join(filter(None, [sentence, farewell])), number, results, plan)
