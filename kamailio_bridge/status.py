"""Status: what each node says of itself, and how that compares with Kamailio's tables and the carriers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError

from carriers.snapshot import Carriers
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.htable import revision_on_node, stored_revision
from kamailio_bridge.nodes import Node, configured_nodes
from kamailio_bridge.plan import TablesUnreadable, make_plan
from kamailio_bridge.registrations import Registration, registrations
from kamailio_bridge.rpc import InvalidAnswer, RpcError


@dataclass(frozen=True)
class NodeStatus:
    """One node. ``uptime`` is in seconds; ``sentence`` says in words what there is to know."""

    name: str
    url: str
    reachable: bool
    in_step: bool
    sentence: str
    version: str = ""
    uptime: int = 0
    revision: int | None = None
    modules: list[str] = field(default_factory=list)


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
class Status:
    """The whole: ``revision`` is that of the tables, ``waiting`` counts rows, None where they can't be read."""

    revision: int | None
    waiting: int | None
    problems: list[str]
    warnings: list[str]
    nodes: list[NodeStatus]
    registrations: list[RegistrationStatus] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the tables are readable and every node runs their revision.

        Waiting changes are no fault, and a carrier that rejects an account is none of Kamailio's.
        """
        return not self.problems and all(node.in_step for node in self.nodes)


def read_status() -> Status:
    """Ask the tables and every node. Never raises for what is wrong with them: it is what the status says."""
    problems: list[str] = []
    warnings: list[str] = []
    revision = waiting = None
    carriers: Carriers | None = None
    try:
        plan = make_plan()
        carriers = plan.carriers
        revision = stored_revision()
        problems += map(str, plan.problems)
        warnings += map(str, plan.warnings)
        waiting = None if plan.problems else plan.count
    except (TablesUnreadable, DatabaseError) as error:
        problems.append(str(error))
    nodes = configured_nodes()
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        states = list(pool.map(lambda node: node_status(node, revision), nodes))
    return Status(revision, waiting, problems, warnings, states, _registrations(carriers, nodes) if carriers else [])


def _registrations(carriers: Carriers, nodes: list[Node]) -> list[RegistrationStatus]:
    found = registrations(carriers, nodes)
    return [_registration_status(carriers.groups[pk].name, registration) for pk, registration in found.items()]


def _registration_status(group: str, registration: Registration) -> RegistrationStatus:
    until = None if registration.until is None else datetime.fromtimestamp(registration.until, tz=UTC).isoformat()
    return RegistrationStatus(
        group, registration.state, registration.words, registration.sentence, registration.node, until
    )


def node_status(node: Node, revision: int | None) -> NodeStatus:
    """Ask one node; ``revision`` is the one that it should run, None before the first apply."""
    try:
        version = str(node.rpc.call("core.version")).strip()
        uptime = _uptime(node.rpc.call("core.uptime"))
        methods = frozenset(map(str, node.rpc.call("system.listMethods")))
        present = [module.name for module in selected_modules() if module.is_on(node.rpc, methods)]
        running = revision_on_node(node.rpc) if "htable" in present else None
    except RpcError as error:
        return NodeStatus(node.name, node.rpc.url, reachable=False, in_step=False, sentence=str(error))
    in_step = running == revision
    return NodeStatus(
        node.name,
        node.rpc.url,
        reachable=True,
        in_step=in_step,
        sentence=_sentence(running, revision, tells="htable" in present),
        version=version,
        uptime=uptime,
        revision=running,
        modules=present,
    )


def _uptime(answer: Any) -> int:
    try:
        return int(answer["uptime"])
    except (KeyError, TypeError, ValueError):
        raise InvalidAnswer("core.uptime: the node answered in a form that this product does not know.") from None


def _sentence(running: int | None, revision: int | None, *, tells: bool) -> str:
    if not tells:
        return "runs, but keeps no hash table “dsiprouter” and so can't tell its revision."
    if revision is None:
        return "runs; nothing has been applied yet: press Reload Kamailio."
    if running == revision:
        return f"runs revision {running}, in step."
    what = "no revision" if running is None else f"revision {running}"
    return f"runs {what} instead of {revision}: press Reload Kamailio."
