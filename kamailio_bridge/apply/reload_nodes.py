"""Reload nodes in parallel, and record each answer in the revision when it arrives.

A slow or dead node delays no other: each has its own time limit, is verified by itself, and its answer is on the
revision's page while others still reload.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from kamailio_bridge.apply.lock import Claim
from kamailio_bridge.apply.reload_node import NodeResult, reload_node
from kamailio_bridge.modules.base import INCOMPLETE, KamailioModule, Loaded, join_first
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError
from kamailio_bridge.plan.make import Plan
from kamailio_bridge.revisions.models import Revision

logger = logging.getLogger(__name__)
Progress = Callable[[str], None]
LoadedRows = dict[KamailioModule, Loaded]
LEASE_SECONDS = 30.0  # how long an apply killed during the reload can block others
RENEW_SECONDS = 5.0
QUESTION_SECONDS = 5.0  # for a node to return the rows that it loaded


def reload_nodes(
    nodes: list[Node], plan: Plan, *, before: int | None, number: int, claim: Claim, progress: Progress
) -> list[NodeResult]:
    """Bring the nodes to revision ``number``, and record their answers. ``before`` is the previous revision."""
    verified = verified_nodes(before)
    results: dict[str, NodeResult] = {}
    # The block's end waits for all nodes, even after an error: none may still reload when the next apply begins.
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        pending = {
            pool.submit(reload_one, node, plan, before if node.name in verified else None, number) for node in nodes
        }
        while pending:
            claim.renew(LEASE_SECONDS)
            done, _ = wait(pending, timeout=RENEW_SECONDS, return_when=FIRST_COMPLETED)
            for future in list(done)[:1]:  # each by itself, so that the lease covers the rows read for one node only
                pending.remove(future)
                result = _with_foreign_faults(*future.result())
                results[result.name] = result
                if result.reloaded or not result.ok:
                    _record(number, result)
                progress(f"Node {result.name}: {result.sentence}")
    return [results[node.name] for node in nodes]


def reload_one(node: Node, plan: Plan, before: int | None, number: int) -> tuple[NodeResult, LoadedRows]:
    """Reload one node, and ask it which rows it holds of the modules that did not load every row.

    Any error in handling its answers becomes the result of this node alone. Uses no database.
    """
    try:
        result = reload_node(node, plan, before, number)
        return result, _ask_suspects(node, plan, result)
    except Exception as error:
        logger.exception("Node %s: the reload to revision %s ended in an unexpected error.", node.name, number)
        what = type(error).__name__
        sentence = f"its reload ended in an unexpected error ({what}): the site's log says more. Press Retry."
        # It may have reloaded some of its modules.
        return NodeResult(node.name, ok=False, sentence=sentence, reloaded=True), {}


def finish(number: int, asked: list[Node]) -> None:
    """Record in the revision whether every node runs it. Nodes that were not reloaded are behind.

    After the database was replaced by a backup, the revision may not exist: then nothing is recorded.
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
    """Return the names of the nodes that were verified at a revision; what other nodes run is not known."""
    revision = Revision.objects.filter(pk=number).first() if number is not None else None
    return {entry["name"] for entry in revision.nodes if entry["ok"]} if revision is not None else set()


def _record(number: int, result: NodeResult) -> None:
    revision = Revision.objects.filter(pk=number).only("nodes").first()
    if revision is None:
        return
    entries: list[Any] = [entry for entry in revision.nodes if entry["name"] != result.name]
    revision.nodes = sorted([*entries, asdict(result)], key=lambda entry: str(entry["name"]))
    revision.save(update_fields=["nodes"])


def _ask_suspects(node: Node, plan: Plan, result: NodeResult) -> LoadedRows:
    """Ask the node which rows it holds of modules that refused to reload, or that left rows out."""
    suspects = {answer.module for answer in result.answers if not answer.ok or INCOMPLETE in answer.text}
    node = node.with_deadline(QUESTION_SECONDS)
    loaded = {}
    for module in plan.projections:
        if module.name in suspects:
            with suppress(RpcError):  # a node that can't be asked any more has no answer to add
                loaded[module] = module.ask_what_is_loaded(node.rpc)
    return loaded


def _with_foreign_faults(result: NodeResult, loaded: LoadedRows) -> NodeResult:
    """Add the rows of other tools that may be the reason, which the node itself does not name."""
    try:
        faults = [fault for module, rows in loaded.items() for fault in module.foreign_faults(rows)]
    except DatabaseError:  # the node may have failed for the same reason, and its own sentence says so
        return result
    if not faults:
        return result
    remark = f"Another tool's {join_first(faults)}"
    if result.ok:
        return replace(result, sentence=f"{result.sentence} {remark}", remark=remark)
    return replace(result, sentence=f"{result.sentence} It may be that {join_first(faults)}")
