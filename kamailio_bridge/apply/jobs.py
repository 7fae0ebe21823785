"""The jobs that run under the apply lock: apply, fail over, restore and retry. All their differences are here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from kamailio_bridge.apply.lock import Claim
from kamailio_bridge.apply.reload_nodes import LEASE_SECONDS, Progress, reload_one
from kamailio_bridge.apply.result import ApplyResult, NotApplied
from kamailio_bridge.apply.sentences import CHANGED, DRIFTED, NO_NODE, NOTHING_APPLIED, nodes_run
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node, configured_nodes, node_names
from kamailio_bridge.plan.from_tables import plan_of_new_owners, plan_of_revision, plan_of_tables
from kamailio_bridge.plan.make import Plan, make_plan
from kamailio_bridge.plan.sockets import Held, held_sockets, with_socket_problems
from kamailio_bridge.revisions.applied import last_applied
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import pending_roll_back
from kamailio_bridge.revisions.state_bytes import pack

UNREGISTER_SECONDS = 5.0  # for a departing node to end its registrations; it may be dead


class Job(ABC):
    """One job: its plan, the contents of its revision, and the nodes to reload.

    A job is made under the lock by its class's ``begin``, which raises ``NotApplied`` if there is nothing to do.
    ``seen`` is the digest of the plan that the operator looked at; None allows any plan. ``allow_empty`` confirms a
    plan that would leave no route for outbound calls.
    """

    writes = True  # else Kamailio's tables are only read, and there is no revision
    applies_carriers = False  # its revision has everything saved in the carriers, roll backs too
    trusts_nodes = True  # a node verified at the previous revision still holds its rows
    changed_sentence = CHANGED

    nodes: list[Node]
    allow_empty: bool = True
    seen: str | None = None

    @abstractmethod
    def plan(self) -> Plan:
        """Return what to write and what the nodes must hold. Raises ``TablesUnreadable`` and ``NotKept``."""

    def prepared(self) -> AbstractContextManager[None]:
        """Return a context in which the plan is made and written; an exception in it undoes the preparation."""
        return nullcontext()

    def is_due(self, plan: Plan, before: int) -> bool:
        """Say whether a revision is due although no row changes. ``before`` is the revision in the tables."""
        return False

    def summary(self, plan: Plan) -> str:
        """Say in one line how much changes, and why."""
        return plan.summary()

    def snapshot(self, plan: Plan, before: int | None) -> bytes | None:
        """Return the carriers that the tables represent after the plan was written."""
        return pack(plan.state)

    def spread_over(self) -> list[str]:
        """Return the names of the nodes among which the plan shares the accounts."""
        return list(node_names())

    def before_reload(self, plan: Plan, number: int, claim: Claim, progress: Progress) -> str:
        """Do what comes between the write and the reload; return a sentence for the operator, or ""."""
        return ""

    def conclude(self, result: ApplyResult) -> ApplyResult:
        """Return the result in the words of this job."""
        return result


@dataclass
class Apply(Job):
    """Make the nodes run what the carriers say."""

    applies_carriers = True

    nodes: list[Node]
    allow_empty: bool = False
    seen: str | None = None
    sockets: Held = field(default_factory=dict)

    @classmethod
    def begin(cls, nodes: list[Node] | None, *, allow_empty: bool, seen: str | None) -> Apply:
        """Apply on these nodes, or on all that are enabled."""
        reloaded = _enabled_nodes() if nodes is None else nodes
        return cls(reloaded, allow_empty, seen, held_sockets(reloaded))

    def plan(self) -> Plan:
        return with_socket_problems(make_plan(with_entries=True), self.sockets)

    def is_due(self, plan: Plan, before: int) -> bool:
        """Say whether the carriers accepted rows that somebody else had changed.

        Without a revision, those rows would count as drift for ever.
        """
        last = last_applied()
        if last is None or not last.snapshot or bytes(last.snapshot) == pack(plan.state):
            return False
        return plan_of_revision(last).count > 0

    def summary(self, plan: Plan) -> str:
        """Name the revision that the carriers were rolled back to since the last apply, if they were."""
        target = pending_roll_back()
        if target is None:
            return plan.summary()
        others = "" if target.snapshot and bytes(target.snapshot) == pack(plan.state) else ", with other changes"
        return f"roll back to revision {target.number}{others}: {plan.summary()}"


@dataclass
class FailOver(Job):
    """Disable a node, and let the others register its accounts. Pending changes stay pending."""

    nodes: list[Node]
    departing: KamailioNode

    @classmethod
    def begin(cls, name: str) -> FailOver:
        """Fail over from the node with this name. Raises ``KamailioNode.DoesNotExist``."""
        departing = KamailioNode.objects.get(name=name)
        others = [node for node in configured_nodes() if node.name != name]
        if not others:
            raise NotApplied(
                "refused", f"Nothing was changed: {name} is the last node, and there is no other to fail over to."
            )
        return cls(others, departing)

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Disable the node, because accounts are shared among the enabled ones."""
        was_enabled = self.departing.enabled
        self._enable(enabled=False)
        try:
            yield
        except BaseException:
            self._enable(enabled=was_enabled)
            raise

    def plan(self) -> Plan:
        return plan_of_new_owners()

    def summary(self, plan: Plan) -> str:
        return f"fail over from node {self.departing.name}: {plan.summary()}"

    def snapshot(self, plan: Plan, before: int | None) -> bytes | None:
        """Return the carriers of the revision before: a failover applies none of their pending changes."""
        last = Revision.objects.filter(number=before or 0).values_list("snapshot", flat=True).first()
        return bytes(last) if last is not None else None

    def before_reload(self, plan: Plan, number: int, claim: Claim, progress: Progress) -> str:
        """Let the departing node end its registrations before the others begin, if it can still be reached."""
        node = Node(self.departing.name, self.departing.rpc()).with_deadline(UNREGISTER_SECONDS)
        claim.renew(LEASE_SECONDS)
        answer, _ = reload_one(node, plan, None, number)
        progress(f"Node {node.name}: {answer.sentence}")
        if answer.ok:
            return f"Node {node.name} was told: it registers nothing any more."
        return (
            f"Node {node.name} itself could not be told, so if it still runs, stop it, or it keeps registering:"
            f" {answer.sentence}"
        )

    def conclude(self, result: ApplyResult) -> ApplyResult:
        if result.outcome != "nothing":
            return result
        name = self.departing.name
        return replace(result, sentence=f"Node {name} is disabled; there were no registrations to fail over.")

    def _enable(self, *, enabled: bool) -> None:
        self.departing.enabled = enabled
        self.departing.save(update_fields=["enabled"])


@dataclass
class Restore(Job):
    """Restore the last revision's rows where somebody else changed them. Pending changes stay pending."""

    trusts_nodes = False  # they may have loaded rows that somebody else wrote
    changed_sentence = DRIFTED

    nodes: list[Node]
    revision: Revision
    seen: str | None = None

    @classmethod
    def begin(cls, seen: str | None) -> Restore:
        """Restore the last revision that was applied, on all nodes that are enabled."""
        revision = last_applied()
        if revision is None:
            raise NotApplied("refused", NOTHING_APPLIED)
        return cls(_enabled_nodes(), revision, seen)

    def plan(self) -> Plan:
        return plan_of_revision(self.revision)

    def is_due(self, plan: Plan, before: int) -> bool:
        """Say whether the tables name a different revision from the one that is restored."""
        return self.revision.number != before

    def summary(self, plan: Plan) -> str:
        return f"restore revision {self.revision.number}: {plan.summary()}"

    def spread_over(self) -> list[str]:
        """Return the nodes of the restored revision: its rows are shared among them."""
        return list(self.revision.spread_over)


@dataclass
class Retry(Job):
    """Bring nodes that are behind to the revision in the tables. Pending changes stay pending."""

    writes = False

    nodes: list[Node]

    @classmethod
    def begin(cls, names: Collection[str]) -> Retry:
        """Retry those of the nodes with these names that are enabled."""
        nodes = [node for node in configured_nodes() if node.name in names]
        if not nodes:
            raise NotApplied("refused", "None of these nodes is enabled: enable them first.")
        return cls(nodes)

    def plan(self) -> Plan:
        return plan_of_tables()

    def conclude(self, result: ApplyResult) -> ApplyResult:
        if not result.ok:
            return result
        done = "already verified" if result.outcome == "nothing" else "reloaded and verified"
        return replace(result, sentence=f"{nodes_run(self.nodes)} revision {result.revision}: {done}.")


def _enabled_nodes() -> list[Node]:
    nodes = configured_nodes()
    if not nodes:
        raise NotApplied("refused", NO_NODE)
    return nodes
