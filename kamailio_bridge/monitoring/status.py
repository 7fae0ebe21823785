"""Status: what each node reports, compared with Kamailio's tables and the carriers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError

from carriers.databases.errors import sentence_of
from carriers.snapshots.records import Carriers
from kamailio_bridge.drift.compare import LOOK_SECONDS as DRIFT_SECONDS
from kamailio_bridge.drift.compare import read_drift, read_node_drift
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.monitoring.strangers import Strangers, read_strangers
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.certificates.expiry import certificates
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError, method_names, parse_number, parsing_answer
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.questions.registrations import Registration, registrations
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from kamailio_bridge.tables.reading import TablesUnreadable

Answer = dict[str, Any]
LOOK_SECONDS = 5.0  # for all calls of one look at a node; the node's own time limit is for reloads
LONGEST_UPTIME = 2**32  # seconds, as Kamailio counts them


@dataclass(frozen=True)
class NodeStatus:
    """One node. ``uptime`` is in seconds; ``sentence`` describes its state.

    Of the ``to_register`` accounts assigned to it, ``registered`` are registered now. ``strangers`` is None if the node
    does not count them.
    """

    name: str
    url: str
    reachable: bool
    in_step: bool
    sentence: str
    version: str = ""
    uptime: int = 0
    revision: int | None = None
    modules: list[str] = field(default_factory=list)
    registered: int = 0
    to_register: int = 0
    strangers: Strangers | None = None


@dataclass(frozen=True)
class RegistrationStatus:
    """The registration of one carrier group with a credential; ``until`` is an ISO time."""

    group: str
    state: str
    words: str
    sentence: str
    node: str | None
    until: str | None


@dataclass(frozen=True)
class CertificateStatus:
    """A certificate that the site knows; ``expires`` is an ISO time, ``is_due`` whether it is less than 30 days off."""

    name: str
    expires: str
    is_due: bool


@dataclass(frozen=True)
class Status:
    """The whole: the tables' revision, and in ``waiting`` the number of rows to change; None if unreadable."""

    revision: int | None
    waiting: int | None
    problems: list[str]
    warnings: list[str]
    nodes: list[NodeStatus]
    registrations: list[RegistrationStatus] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    certificates: list[CertificateStatus] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the tables are readable, every node runs their revision, and nobody else changed anything.

        Pending changes are no fault, and a carrier that rejects an account is no fault of Kamailio.
        """
        return not self.problems and not self.drift and all(node.in_step for node in self.nodes)


def read_status() -> Status:
    """Ask the tables and every node. Their failures are part of the status and never raised."""
    problems: list[str] = []
    warnings: list[str] = []
    revision = waiting = None
    carriers: Carriers | None = None
    try:
        plan = make_plan()
        carriers = plan.carriers
        revision = stored_revision()
        problems += map(str, [*plan.problems, *plan.left_out])
        warnings += map(str, plan.warnings)
        waiting = None if plan.problems else plan.count
    except (TablesUnreadable, DatabaseError) as error:
        problems.append(str(error))
    try:
        nodes, answers = configured_nodes(), last_answers()
    except DatabaseError as error:
        problems.append(f"The nodes can't be read. {sentence_of(error)}")
        nodes, answers = [], {}
    states = [
        _unreachable(node, answer) if isinstance(answer, RpcError) else answer
        for node, answer in zip(
            nodes,
            ask_nodes(nodes, lambda node: node_status(node, revision, answers.get(node.name)), LOOK_SECONDS),
            strict=True,
        )
    ]
    found = _registrations(carriers, nodes) if carriers else []
    in_step = [node for node, state in zip(nodes, states, strict=True) if state.in_step]
    return Status(revision, waiting, problems, warnings, states, found, _drift(in_step), _certificates(carriers))


def _certificates(carriers: Carriers | None) -> list[CertificateStatus]:
    groups = carriers.groups.values() if carriers is not None else ()
    return [CertificateStatus(each.name, each.expires.isoformat(), each.is_due) for each in certificates(groups)]


def _drift(in_step: list[Node]) -> list[str]:
    """Return a sentence for each difference from what was applied. Only nodes that run the revision are compared."""
    drift = read_drift()
    return drift.sentences() + [
        f"Node {node.name}: {difference}"
        for node in read_node_drift(drift, DRIFT_SECONDS, nodes=in_step)
        for difference in node.differences
    ]


def _registrations(carriers: Carriers, nodes: list[Node]) -> list[RegistrationStatus]:
    found = registrations(carriers, nodes)
    return [_registration_status(carriers.groups[pk].name, registration) for pk, registration in found.items()]


def _registration_status(group: str, registration: Registration) -> RegistrationStatus:
    until = None if registration.until is None else datetime.fromtimestamp(registration.until, tz=UTC).isoformat()
    return RegistrationStatus(
        group, registration.state, registration.words, registration.sentence, registration.node, until
    )


def last_answers() -> dict[str, Answer]:
    """Return the nodes' answers to the newest revision, as it keeps them, by node name."""
    last = Revision.objects.not_failed().only("nodes").newest()
    return {entry["name"]: entry for entry in last.nodes} if last is not None else {}


def node_status(node: Node, revision: int | None, answer: Answer | None = None) -> NodeStatus:
    """Ask one node. ``revision`` is the one that it should run, None before the first apply.

    ``answer`` is its answer to that revision. A node that runs the revision but failed its verification is behind; one
    that could not be asked, but has loaded the tables at its start, is in step.
    """
    url, node = node.rpc.url, node.with_deadline(LOOK_SECONDS)
    try:
        version = _version(node.rpc.call("core.version"))
        uptime = _uptime(node.rpc.call("core.uptime"))
        methods = frozenset(method_names(node.rpc))
        present = [module for module in selected_modules() if module.is_on(node.rpc, methods)]
        # Our own configuration has the hash table with the revision; another one may share it.
        tells = any(module.holds_revision for module in present)
        running = revision_on_node(node.rpc) if tells else None
        counts = [module.count_registrations(node.rpc) for module in present]
        strangers = read_strangers(node.rpc) if tells else None
    except RpcError as error:
        return _unreachable(node, error)
    fault = answer["sentence"] if answer is not None and answer["reloaded"] and not answer["ok"] else ""
    return NodeStatus(
        node.name,
        url,
        reachable=True,
        in_step=running == revision and not (fault and revision is not None),
        sentence=_sentence(running, revision, fault, tells=tells),
        version=version,
        uptime=uptime,
        revision=running,
        modules=[module.name for module in present],
        registered=sum(count.registered for count in counts),
        to_register=sum(count.to_register for count in counts),
        strangers=strangers,
    )


def _unreachable(node: Node, error: RpcError) -> NodeStatus:
    return NodeStatus(node.name, node.rpc.url, reachable=False, in_step=False, sentence=str(error))


def _version(answer: Any) -> str:
    with parsing_answer("core.version"):
        return str(answer.strip())


def _uptime(answer: Any) -> int:
    with parsing_answer("core.uptime"):
        seconds = parse_number(answer["uptime"], LONGEST_UPTIME)
        if seconds < 0:
            raise ValueError(seconds)
    return seconds


def _sentence(running: int | None, revision: int | None, fault: str, *, tells: bool) -> str:
    if not tells:
        return "runs, but keeps no hash table “dsiprouter” and so can't tell its revision."
    if revision is None:
        return "runs; nothing has been applied yet: press Reload Kamailio."
    if running == revision and fault:
        return f"runs revision {running}, but was not verified: {fault}"
    if running == revision:
        return f"runs revision {running}, in step."
    what = "no revision" if running is None else f"revision {running}"
    return f"runs {what} instead of {revision}: press Retry."
