"""Nodes in parallel: each answer is in the revision as soon as it arrives, and a node that was not asked is behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kamailio_bridge.apply.operations import apply, fail_over, retry
from kamailio_bridge.modules.base import ModuleChanges, Projection
from kamailio_bridge.modules.drouting import DroutingModule
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import Answer, HttpNode, http_node, results
from tests.scratch import run_sql

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

# A node that routes by drouting only, which can't be read back.
good = results(system__listMethods=["drouting.reload"], drouting__reload="reload ok")


@pytest.fixture
def hold() -> threading.Event:
    """Set it to let the node west answer."""
    return threading.Event()


@pytest.fixture(autouse=True)
def nodes(hold: threading.Event) -> Iterator[dict[str, HttpNode]]:
    """Two nodes, east that answers at once and west that waits until it may."""

    def held(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        assert hold.wait(10)
        good(handler, body)

    make_route("9", make_group("Acme", "203.0.113.7"))
    with ExitStack() as stack:
        yield {name: enter(stack, name, answer) for name, answer in (("east", good), ("west", held))}
        hold.set()


def enter(stack: ExitStack, name: str, answer: Answer) -> HttpNode:
    """Start a node and enter it."""
    server = stack.enter_context(http_node(answer))
    KamailioNode.objects.create(name=name, rpc_url=server.url, time_limit=10)
    return server


def answers() -> dict[str, bool]:
    return {entry["name"]: entry["ok"] for entry in Revision.objects.get().nodes}


def test_an_answer_is_in_the_revision_while_others_still_reload(hold: threading.Event) -> None:
    seen = []

    def progress(step: str) -> None:
        if step.startswith("Node "):
            seen.append((step.split(":", maxsplit=1)[0], answers()))
            hold.set()

    assert apply(author=None, progress=progress).outcome == "verified"
    assert seen == [("Node east", {"east": True}), ("Node west", {"east": True, "west": True})]
    assert Revision.objects.get().outcome == Revision.Outcome.VERIFIED


def test_a_node_that_was_not_asked_is_behind_until_it_is_retried(
    hold: threading.Event, nodes: dict[str, HttpNode]
) -> None:
    hold.set()
    result = apply(author=None, nodes=[node for node in configured_nodes() if node.name == "east"])
    assert result.outcome == "verified"
    assert nodes["west"].requests == []
    revision = Revision.objects.get()
    assert (revision.outcome, answers()) == (Revision.Outcome.BEHIND, {"east": True, "west": False})
    assert revision.nodes[1]["sentence"] == "was not asked: press Retry."
    assert retry(author=None, names=["west"]).outcome == "verified"
    assert (Revision.objects.get().outcome, answers()) == (Revision.Outcome.VERIFIED, {"east": True, "west": True})


def test_a_deleted_node_leaves_the_record(hold: threading.Event) -> None:
    hold.set()
    assert apply(author=None).ok
    KamailioNode.objects.filter(name="west").delete()
    assert retry(author=None, names=["east"]).ok
    assert answers() == {"east": True}


@pytest.fixture
def fault_over_west(hold: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the product's own, which shows with the node west only."""

    def verify(_self: DroutingModule, node: Node, _wanted: Projection, _changes: ModuleChanges | None) -> list[str]:
        return [{"east": ""}[node.name]] if node.name == "west" else []

    hold.set()
    monkeypatch.setattr(DroutingModule, "verify", verify)


@pytest.mark.usefixtures("fault_over_west")
def test_an_unexpected_error_is_the_result_of_its_node_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was raised to the browser, and left the revision without an end."""
    result = apply(author=None)
    assert result.outcome == "behind"
    revision = Revision.objects.get()
    assert (revision.outcome, answers()) == (Revision.Outcome.BEHIND, {"east": True, "west": False})
    assert revision.finished is not None
    assert "Node west: its reload ended in an unexpected error (KeyError)" in result.sentence
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert "Node west" in record.getMessage()
    monkeypatch.undo()
    assert retry(author=None, names=["west"]).ok
    assert answers() == {"east": True, "west": True}


@pytest.mark.usefixtures("fault_over_west")
def test_an_unexpected_error_over_a_departing_node_stops_no_failover() -> None:
    assert apply(author=None).outcome == "behind"
    result = fail_over(author=None, node="west")
    assert result.outcome == "verified"
    assert "Node west itself could not be told" in result.sentence
    assert not KamailioNode.objects.get(name="west").enabled


def test_nodes_that_did_not_load_every_row_are_asked_side_by_side(hold: threading.Event) -> None:
    """They were asked one after the other, while nobody renewed the lock."""
    hold.set()
    KamailioNode.objects.all().delete()
    together = threading.Barrier(3)

    def rejecting(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body["method"] == "dispatcher.list":
            together.wait(4)
        results(system__listMethods=["dispatcher.reload"], dispatcher__reload="no", dispatcher__list={"RECORDS": []})(
            handler, body
        )

    Dispatcher.objects.create(pk=9000, setid=9000, destination="sip:127.0.0.77:70000", description="another tool")
    with ExitStack() as stack:
        for number in range(together.parties):
            enter(stack, f"node-{number}", rejecting)
        result = apply(author=None)
    assert not together.broken
    assert result.outcome == "behind"
    assert result.sentence.count("It may be that row 9000 of the table dispatcher") == together.parties


def test_a_table_that_is_gone_when_foreign_rows_are_looked_for_ends_no_apply(hold: threading.Event) -> None:
    hold.set()
    KamailioNode.objects.all().delete()

    def progress(step: str) -> None:
        if step.startswith("Reloading"):
            run_sql("kamailio", "ALTER TABLE address RENAME TO address_elsewhere")

    with ExitStack() as stack:
        enter(
            stack,
            "east",
            results(system__listMethods=["permissions.addressReload"], permissions__addressReload="no database"),
        )
        try:
            result = apply(author=None, progress=progress)
        finally:
            run_sql("kamailio", "ALTER TABLE address_elsewhere RENAME TO address")
    assert result.outcome == "behind"
    assert "answered “no database”" in result.sentence
    assert Revision.objects.get().finished is not None
