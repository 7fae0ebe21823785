"""Nodes side by side: each answer is in the revision as soon as it is there, and who was not asked is behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from kamailio_bridge.apply import apply, retry
from kamailio_bridge.node_records import KamailioNode
from kamailio_bridge.nodes import configured_nodes
from kamailio_bridge.revisions import Revision
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import HttpNode, http_node, results

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
        servers = {name: stack.enter_context(http_node(answer)) for name, answer in (("east", good), ("west", held))}
        for name, server in servers.items():
            KamailioNode.objects.create(name=name, rpc_url=server.url, time_limit=10)
        yield servers
        hold.set()


def answers() -> dict[str, bool]:
    return {entry["name"]: entry["ok"] for entry in Revision.objects.get().nodes}


def test_an_answer_is_in_the_revision_while_others_are_at_work(hold: threading.Event) -> None:
    seen = []

    def progress(step: str) -> None:
        if step.startswith("Node "):
            seen.append((step.split(":", maxsplit=1)[0], answers()))
            hold.set()

    assert apply(author=None, progress=progress).outcome == "verified"
    assert seen == [("Node east", {"east": True}), ("Node west", {"east": True, "west": True})]
    assert Revision.objects.get().outcome == Revision.Outcome.VERIFIED


def test_who_was_not_asked_is_behind_until_it_is_retried(hold: threading.Event, nodes: dict[str, HttpNode]) -> None:
    hold.set()
    result = apply(author=None, nodes=[node for node in configured_nodes() if node.name == "east"])
    assert result.outcome == "verified"
    assert nodes["west"].requests == []
    revision = Revision.objects.get()
    assert (revision.outcome, answers()) == (Revision.Outcome.BEHIND, {"east": True, "west": False})
    assert revision.nodes[1]["sentence"] == "was not asked: press Retry."
    assert retry(author=None, names=["west"]).outcome == "verified"
    assert (Revision.objects.get().outcome, answers()) == (Revision.Outcome.VERIFIED, {"east": True, "west": True})


def test_a_node_that_is_not_entered_any_more_leaves_the_record(hold: threading.Event) -> None:
    hold.set()
    assert apply(author=None).ok
    KamailioNode.objects.filter(name="west").delete()
    assert retry(author=None, names=["east"]).ok
    assert answers() == {"east": True}
