"""Apply: write the plan, reload every node, verify. It is what the *Reload Kamailio* button does.

The tables change in one transaction with the revision number in it, so a crash at any point leaves the old rows or the
new rows; the next apply finds nodes that are not on the tables' revision and repairs them. Nothing is called successful
because HTTP said 200: each node's memory is compared with the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, transaction
from django.utils import timezone

from kamailio_bridge.lock import Busy, Claim, LockLost, apply_lock
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.base import some
from kamailio_bridge.modules.htable import store_revision, stored_revision
from kamailio_bridge.node_reload import NodeResult, reload_node
from kamailio_bridge.nodes import Node, configured_nodes
from kamailio_bridge.plan import Plan, TablesUnreadable, make_plan, write
from kamailio_bridge.revisions import Revision
from kamailio_bridge.roll_back import mark_applied, waiting_roll_back
from kamailio_bridge.state_bytes import pack

Outcome = Literal["nothing", "verified", "behind", "refused", "changed", "busy", "failed"]
Progress = Callable[[str], None]
WRITE_SECONDS = 120.0  # the longest that writing may take: 100,000 endpoints need some 20 s on SQLite
LEASE_SECONDS = 30.0  # how long a killed apply keeps others out while its nodes were reloading
RENEW_SECONDS = 5.0
CHANGED_SENTENCE = (
    "Nothing was applied, because somebody saved since you saw the changes. These are the changes now: look at them,"
    " then press Reload Kamailio again."
)


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
        """Whether every node runs what the carriers call for."""
        return self.outcome in ("nothing", "verified")


@dataclass(frozen=True)
class _Request:
    """What was asked for, and the claim on the lock under which it is done."""

    author: AbstractBaseUser | None
    allow_empty: bool
    seen: str | None
    nodes: list[Node]
    progress: Progress
    claim: Claim


def apply(
    *,
    author: AbstractBaseUser | None,
    allow_empty: bool = False,
    seen: str | None = None,
    nodes: list[Node] | None = None,
    progress: Progress = lambda _step: None,
) -> ApplyResult:
    """Make every node run what the carriers call for, and say how it went; operational failures are not raised.

    ``allow_empty`` confirms a plan that would leave no route for outbound calls. ``seen`` is the digest of the plan
    that the operator looked at: if it is another one by now, nothing is applied that nobody saw. ``nodes`` limits the
    reload to some nodes (the others stay behind until the next apply). ``progress`` hears of each step as it begins.
    """
    who = author.get_username() if author is not None else "manage.py"
    try:
        with apply_lock(who, WRITE_SECONDS) as claim:
            return _apply(
                _Request(author, allow_empty, seen, configured_nodes() if nodes is None else nodes, progress, claim)
            )
    except Busy as busy:
        return ApplyResult("busy", str(busy))
    except LockLost as lost:
        return ApplyResult("failed", str(lost))
    except TablesUnreadable as unreadable:
        return ApplyResult("failed", f"Nothing was changed. {unreadable}")
    except DatabaseError as error:
        sentence = (
            f"The product's own database failed: {_one_line(error)} Check DATABASE_URL, and run manage.py migrate."
        )
        return ApplyResult("failed", sentence)


def _apply(request: _Request) -> ApplyResult:
    request.progress("Comparing the carriers with Kamailio's tables")
    revision: Revision | None = None
    try:
        # One transaction from the look at the tables to the write, so that nobody changes them in between.
        with transaction.atomic(using="kamailio"):
            plan = make_plan()
            refusal = _refusal(plan, allow_empty=request.allow_empty)
            if refusal is not None:
                return ApplyResult("refused", refusal, plan=plan)
            if request.seen is not None and request.seen != plan.digest():
                return ApplyResult("changed", CHANGED_SENTENCE, plan=plan)
            before = number = stored_revision()
            if plan.count or before is None:
                request.progress(f"Writing {plan.count} rows")
                revision = Revision.objects.create(
                    author=cast(Any, request.author),
                    summary=_summary(plan),
                    changes=plan.lines(),
                    snapshot=pack(plan.state),
                )
                number = revision.number
                write(plan)
                store_revision(number)
    except DatabaseError as error:
        if revision is not None:
            _finish(revision.number, Revision.Outcome.FAILED, [])
            Revision.objects.filter(pk=revision.number).update(snapshot=None)  # no table ever was as it says
        sentence = f"Kamailio's tables could not be written, and nothing was changed: {_one_line(error)}"
        return ApplyResult("failed", sentence)
    if revision is not None:
        Revision.objects.filter(pk=revision.number).update(outcome=Revision.Outcome.WRITTEN)
        mark_applied(revision)
    return _reload(request, plan, before, cast(int, number))


def _summary(plan: Plan) -> str:
    """Say how much changes, and to which revision the carriers were rolled back before."""
    target = waiting_roll_back()
    return plan.summary() if target is None else f"roll back to revision {target}: {plan.summary()}"


def _refusal(plan: Plan, *, allow_empty: bool) -> str | None:
    if plan.problems:
        first = plan.problems[0]
        rest = len(plan.problems) - 1
        more = f" And {rest} more problem{'' if rest == 1 else 's'}." if rest else ""
        return f"Nothing was changed, because this must be put right first: {first}{more}"
    if plan.empties_routing and not allow_empty:
        return (
            "Nothing was changed, because this would leave no route for any outbound call."
            " Enable or add a route with a carrier group that has endpoints, or confirm that this is meant."
        )
    return None


def _reload(request: _Request, plan: Plan, before: int | None, number: int) -> ApplyResult:
    nodes = request.nodes
    request.progress(f"Reloading and verifying {', '.join(node.name for node in nodes)}")
    verified = _verified_nodes(before)
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        futures = [
            pool.submit(reload_node, node, plan, before if node.name in verified else None, number) for node in nodes
        ]
        _hold_until_done(futures, request.claim)
    results = [_with_foreign_faults(future.result()) for future in futures]
    ok = all(result.ok for result in results)
    if ok and not any(result.reloaded for result in results):
        return ApplyResult("nothing", _nothing_sentence(number, plan), number, results, plan)
    _finish(number, Revision.Outcome.VERIFIED if ok else Revision.Outcome.BEHIND, results)
    return ApplyResult("verified" if ok else "behind", _sentence(number, results), number, results, plan)


def _with_foreign_faults(result: NodeResult) -> NodeResult:
    """Add to a failure what other tools' rows have to do with it; the node itself does not say which row it was."""
    failed = {answer.module for answer in result.answers if not answer.ok}
    faults = [fault for module in selected_modules() if module.name in failed for fault in module.foreign_faults()]
    return replace(result, sentence=f"{result.sentence} It may be that {some(faults)}") if faults else result


def _verified_nodes(number: int | None) -> set[str]:
    """Return the nodes that were verified at a revision; what any other node runs is not known."""
    revision = Revision.objects.filter(pk=number).first() if number is not None else None
    return {entry["name"] for entry in revision.nodes if entry["ok"]} if revision is not None else set()


def _hold_until_done(futures: list[Future[NodeResult]], claim: Claim) -> None:
    pending = set(futures)
    while pending:
        claim.renew(LEASE_SECONDS)
        _, pending = wait(pending, timeout=RENEW_SECONDS)


def _nothing_sentence(number: int, plan: Plan) -> str:
    return f"Nothing to do: Kamailio already runs revision {number}, which is what the carriers call for." + (
        f" {len(plan.warnings)} warning{'' if len(plan.warnings) == 1 else 's'}." if plan.warnings else ""
    )


def _sentence(number: int, results: list[NodeResult]) -> str:
    behind = [result for result in results if not result.ok]
    if not behind:
        return f"Kamailio runs revision {number}: reloaded and verified."
    return f"Revision {number} is in Kamailio's tables, but not verified on every node. " + " ".join(
        f"Node {result.name}: {result.sentence}" for result in behind
    )


def _finish(number: int, outcome: Revision.Outcome, results: list[NodeResult]) -> None:
    """Record how it ended. A revision of another database (a restored backup, say) may not be there: then nothing."""
    Revision.objects.filter(pk=number).update(
        outcome=outcome, finished=timezone.now(), nodes=[asdict(result) for result in results]
    )


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if "locked" in text:
        text += ". Another program holds Kamailio's database; try again in a moment"
    return text if text.endswith((".", "!")) else f"{text}."
