"""Retry: bring nodes that are behind to the revision in the tables. The nodes are small HTTP servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply, retry
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import DrGateway
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.conftest import TOKEN
from tests.kamailio_bridge.http_node import HttpNode, free_port, http_node, results

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

DROUTING = results(system__listMethods=["drouting.reload"], drouting__reload="reload ok")


def enter(name: str, url: str) -> None:
    KamailioNode.objects.update_or_create(name=name, defaults={"rpc_url": url, "time_limit": 10})


@pytest.fixture
def server() -> Iterator[HttpNode]:
    """A node with nothing but drouting, which verifies by the answer to the reload."""
    with http_node(DROUTING) as server:
        yield server


@pytest.fixture(autouse=True)
def one_is_behind(server: HttpNode) -> None:
    """Two nodes, of which one was down during the first apply."""
    make_route("9", make_group("Acme", "203.0.113.7"))
    enter("east", server.url)
    enter("west", f"http://127.0.0.1:{free_port()}/RPC")
    assert apply(author=None).outcome == "behind"


def test_a_node_that_is_back_gets_the_revision_and_the_other_is_left_alone(server: HttpNode) -> None:
    with http_node(DROUTING) as back:
        enter("west", back.url)
        asked = len(server.requests)
        result = retry(author=None, names=["west"])
        assert (result.outcome, result.ok) == ("verified", True)
        assert result.sentence == f"Node west runs revision {result.revision}: reloaded and verified."
        assert [node.name for node in result.nodes] == ["west"]
        assert "drouting.reload" in [body["method"] for body, _ in back.requests]
        assert len(server.requests) == asked
    assert Revision.objects.get().outcome == Revision.Outcome.VERIFIED


def test_a_node_that_runs_the_revision_is_not_reloaded(node: Node, settings: Settings) -> None:
    """Here the node is a real Kamailio, because only one with our hash table can tell its revision."""
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    enter("west", node.rpc.url)
    done = {retry(author=None, names=["west"]).sentence.partition(": ")[2] for _ in range(2)}
    assert done == {"reloaded and verified.", "already verified."}
    CarrierGroup.objects.all().delete()
    assert apply(author=None, allow_empty=True).ok


def test_a_node_that_is_still_down_is_reported() -> None:
    result = retry(author=None, names=["west"])
    assert (result.outcome, result.ok) == ("behind", False)
    assert "connection refused" in result.sentence
    assert "already verified" not in result.sentence
    assert Revision.objects.get().outcome == Revision.Outcome.BEHIND


def test_pending_changes_stay_pending() -> None:
    before = list(DrGateway.objects.order_by("pk").values_list())
    Endpoint.objects.update(host="203.0.113.8")
    with http_node(DROUTING) as back:
        enter("west", back.url)
        assert retry(author=None, names=["east", "west"]).ok
    assert before
    assert list(DrGateway.objects.order_by("pk").values_list()) == before
    assert Revision.objects.count() == 1
