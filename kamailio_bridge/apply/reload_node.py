"""One node's part of an apply: reload what changed, and compare its memory with the rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from carriers.garbage_collector import collector_paused
from kamailio_bridge.modules import NO_MODULES
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, ReloadRejected
from kamailio_bridge.modules.order import in_reload_order
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import RpcError, method_names
from kamailio_bridge.plan.make import Plan
from kamailio_bridge.revisions.number import revision_on_node


@dataclass(frozen=True)
class ModuleAnswer:
    """The answer of one module of a node; ``seconds`` are those of its reload and verification together."""

    module: str
    ok: bool
    text: str
    seconds: float


@dataclass(frozen=True)
class NodeResult:
    """The result of an apply on one node. ``revision`` is the one in its memory afterwards, None if unknown.

    ``remark`` names rows of other tools that it could not load, or settings of ours that it does not read.
    """

    name: str
    ok: bool
    sentence: str
    revision: int | None = None
    reloaded: bool = False
    answers: list[ModuleAnswer] = field(default_factory=list)
    remark: str = ""


def reload_node(node: Node, plan: Plan, before: int | None, number: int) -> NodeResult:
    """Bring one node from whatever it runs to revision ``number``.

    ``before`` is the tables' last revision if this node was verified at it, else None. A node that still runs it
    reloads only the modules whose rows changed, if any. What any other node runs is unknown, so it reloads all modules.
    The node's time limit covers everything. Uses no database, because it runs in a thread of its own.
    """
    node = node.with_deadline()
    try:
        methods = frozenset(method_names(node.rpc))
        present = [changes for changes in plan.modules if changes.module.is_on(node.rpc, methods)]
        can_tell = any(changes.module.holds_revision for changes in present)
        running = revision_on_node(node.rpc) if can_tell else None
    except RpcError as error:
        return NodeResult(node.name, ok=False, sentence=str(error))
    known = running is not None and running == before
    if known and running == number:
        return NodeResult(node.name, ok=True, sentence=f"already runs revision {number}.", revision=number)
    if not present:
        return NodeResult(
            node.name,
            ok=False,
            sentence=NO_MODULES,
        )
    todo: list[tuple[KamailioModule, ModuleChanges | None]] = (
        [(changes.module, changes) for changes in in_reload_order(present)]
        if known
        else [(changes.module, None) for changes in present]
    )
    answers = _reload_and_verify(node, plan, todo)
    result = _result(node, answers, number, can_tell=can_tell)
    remarks = [module.remark(node, plan.projections[module], changes) for module, changes in todo]
    said = " ".join(filter(None, [_unread(plan, present), *remarks]))
    return replace(result, sentence=f"{result.sentence} {said}", remark=f"Node {node.name}: {said}") if said else result


def _unread(plan: Plan, present: list[ModuleChanges]) -> str:
    """Say which settings the node does not read, because it lacks their module."""
    here = {changes.module for changes in present}
    absent = [changes.module for changes in plan.modules if changes.module not in here]
    return " ".join(filter(None, (module.unread(plan.projections[module]) for module in absent)))


def _reload_and_verify(
    node: Node, plan: Plan, todo: list[tuple[KamailioModule, ModuleChanges | None]]
) -> list[ModuleAnswer]:
    """Reload the modules one after the other, then verify each.

    A failed reload stops the rest, and the node keeps its revision number.
    """
    reloaded = []
    answers = []
    for module, changes in todo:
        wanted = plan.projections[module]
        start = time.monotonic()
        try:
            text = module.reload(node, wanted, changes)
        except (RpcError, ReloadRejected) as error:
            answers.append(ModuleAnswer(module.name, ok=False, text=str(error), seconds=_since(start)))
            return answers
        reloaded.append((module, changes, text, _since(start)))
    for module, changes, text, seconds in reloaded:
        start = time.monotonic()
        try:
            with collector_paused():
                problems = module.verify(node, plan.projections[module], changes)
        except RpcError as error:
            problems = [str(error)]
        answers.append(
            ModuleAnswer(
                module.name,
                ok=not problems,
                text=" ".join(problems) or f"{text.rstrip('.')}; verified",
                seconds=round(seconds + _since(start), 3),
            )
        )
    return answers


def _result(node: Node, answers: list[ModuleAnswer], number: int, *, can_tell: bool) -> NodeResult:
    failed = [answer for answer in answers if not answer.ok]
    if failed:
        sentence = " ".join(f"{answer.module}: {answer.text}" for answer in failed)
        return NodeResult(node.name, ok=False, sentence=sentence, reloaded=True, answers=answers)
    if not can_tell:
        return NodeResult(
            node.name,
            ok=True,
            sentence="reloaded; its configuration keeps no hash table “dsiprouter”, so it can't tell its revision.",
            reloaded=True,
            answers=answers,
        )
    try:
        running = revision_on_node(node.rpc)
    except RpcError as error:
        return NodeResult(node.name, ok=False, sentence=str(error), reloaded=True, answers=answers)
    if running != number:
        sentence = f"says that it runs revision {running} instead of {number}: press Reload Kamailio again."
        return NodeResult(node.name, ok=False, sentence=sentence, revision=running, reloaded=True, answers=answers)
    sentence = f"runs revision {number}, verified."
    return NodeResult(node.name, ok=True, sentence=sentence, revision=number, reloaded=True, answers=answers)


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)
