"""Reload nodes side by side, and put each answer into the revision as it comes.

A node that is slow or dead delays nobody else: each has its own time limit, is verified by itself, and its answer can
be read on the revision's page while others are still at work.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, replace
from typing import Any

from django.utils import timezone

from kamailio_bridge.lock import Claim
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.base import INCOMPLETE, some
from kamailio_bridge.node_reload import NodeResult, reload_node
from kamailio_bridge.nodes import Node, configured_nodes
from kamailio_bridge.plan import Plan
from kamailio_bridge.revisions import Revision

Progress = Callable[[str], None]
LEASE_SECONDS = 30.0  # how long a killed apply keeps others out while its nodes were reloading
RENEW_SECONDS = 5.0
QUESTION_SECONDS = 5.0  # that a node has to say which rows it did not load


def reload_nodes(
    nodes: list[Node], plan: Plan, *, before: int | None, number: int, claim: Claim, progress: Progress
) -> list[NodeResult]:
    """Bring the nodes to revision ``number``, and record what each answers. ``before`` is the revision before it."""
    verified = verified_nodes(before)
    results: dict[str, NodeResult] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        asked = {
            pool.submit(reload_node, node, plan, before if node.name in verified else None, number): node
            for node in nodes
        }
        pending = set(asked)
        while pending:
            claim.renew(LEASE_SECONDS)
            done, pending = wait(pending, timeout=RENEW_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                result = _with_foreign_faults(asked[future], future.result())
                results[result.name] = result
                if result.reloaded or not result.ok:
                    _record(number, result)
                progress(f"Node {result.name}: {result.sentence}")
    return [results[node.name] for node in nodes]


def finish(number: int, asked: list[Node]) -> None:
    """Write into the revision how it stands with every node. Nodes that were not asked are behind until they are.

    A revision of another database (a restored backup, say) may not be there: then nothing.
    """
    revision = Revision.objects.filter(pk=number).first()
    if revision is None:
        return
    names = {node.name for node in asked}
    configured = {node.name for node in configured_nodes()}
    known = {entry["name"]: entry for entry in revision.nodes if entry["name"] in names | configured}
    others = configured - known.keys() if names <= configured else set()
    left_out = [NodeResult(name, ok=False, sentence="was not asked: press Retry.") for name in sorted(others)]
    revision.nodes = [*known.values(), *map(asdict, left_out)]
    behind = any(not entry["ok"] for entry in revision.nodes)
    revision.outcome = Revision.Outcome.BEHIND if behind else Revision.Outcome.VERIFIED
    revision.finished = timezone.now()
    revision.save(update_fields=["nodes", "outcome", "finished"])


def verified_nodes(number: int | None) -> set[str]:
    """Return the nodes that were verified at a revision; what any other node runs is not known."""
    revision = Revision.objects.filter(pk=number).first() if number is not None else None
    return {entry["name"] for entry in revision.nodes if entry["ok"]} if revision is not None else set()


def _record(number: int, result: NodeResult) -> None:
    revision = Revision.objects.filter(pk=number).only("nodes").first()
    if revision is None:
        return
    entries: list[Any] = [entry for entry in revision.nodes if entry["name"] != result.name]
    revision.nodes = sorted([*entries, asdict(result)], key=lambda entry: str(entry["name"]))
    revision.save(update_fields=["nodes"])


def _with_foreign_faults(node: Node, result: NodeResult) -> NodeResult:
    """Add what other tools' rows have to do with it; the node itself does not say which row it was."""
    suspects = {answer.module for answer in result.answers if not answer.ok or INCOMPLETE in answer.text}
    node = node.for_one_job(QUESTION_SECONDS)
    faults = [
        fault for module in selected_modules() if module.name in suspects for fault in module.foreign_faults(node)
    ]
    if not faults:
        return result
    remark = f"Another tool's {some(faults)}"
    if result.ok:
        return replace(result, sentence=f"{result.sentence} {remark}", remark=remark)
    return replace(result, sentence=f"{result.sentence} It may be that {some(faults)}")
