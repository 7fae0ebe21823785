"""An apply with nodes that fail in every way: one true sentence, and no half-written tables.

The nodes here are small real HTTP servers; a real Kamailio is in ``test_apply.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connections

from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.tables.models import Dispatcher, Mtree
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import Answer, free_port, http_node, reply, results

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

METHODS = ["dispatcher.reload", "mtree.reload", "permissions.addressReload", "htable.reload", "drouting.reload"]
GOOD: dict[str, Any] = {
    "system__listMethods": METHODS,
    "mtree__summary": [{"table": "routes"}],
    "htable__listTables": [{"name": "dsiprouter"}],
    "permissions__addressReload": "Reload OK",
    "dispatcher__reload": "Ok. Dispatcher successfully reloaded.",
    "mtree__reload": "Ok. Mtree reloaded.",
    "htable__reload": "Ok. Htable reloaded.",
    "drouting__reload": "reload ok",
    "htable__dump": [],
    "permissions__addressDump": [],
    "permissions__subnetDump": [],
    "permissions__domainDump": {},
    "mtree__list": [],
    "dispatcher__list": {"RECORDS": []},
    "htable__get": {"item": {"value": 0}},
}


@pytest.fixture(autouse=True)
def one_route() -> Iterator[None]:
    make_route("9", make_group("Acme", "203.0.113.7"))
    yield
    assert stored_revision() is not None or not Dispatcher.objects.exists()


def press(answer: Answer, timeout: float = 5.0) -> ApplyResult:
    with http_node(answer) as node:
        return apply(author=None, nodes=[Node("edge", Rpc(node.url, "token", timeout))])


def assert_behind(result: ApplyResult) -> None:
    """All rows are written, and the revision and the sentence say that the node did not load them."""
    assert result.outcome == "behind"
    assert not result.ok
    assert "\n" not in result.sentence
    assert "edge" in result.sentence
    assert Dispatcher.objects.count() == 1
    assert Mtree.objects.count() == 2
    revision = Revision.objects.get(number=result.revision)
    assert revision.outcome == Revision.Outcome.BEHIND
    assert revision.nodes[0]["ok"] is False
    assert stored_revision() == result.revision


def test_a_node_that_is_down() -> None:
    node = Node("edge", Rpc(f"http://127.0.0.1:{free_port()}/RPC", "token", 5))
    result = apply(author=None, nodes=[node])
    assert_behind(result)
    assert "connection refused" in result.sentence
    assert "Check that Kamailio runs there" in result.sentence


def test_a_node_that_never_answers() -> None:
    result = press(lambda handler, body: time.sleep(1), timeout=0.3)
    assert_behind(result)
    assert "did not answer within 0.3 s" in result.sentence


def test_a_wrong_token() -> None:
    result = press(lambda handler, body: reply(handler, 401, b"bad token"))
    assert_behind(result)
    assert "DSIPROUTER_RPC_TOKEN" in result.sentence


def test_bad_json() -> None:
    result = press(lambda handler, body: reply(handler, 200, b"{oops"))
    assert_behind(result)
    assert "no JSON-RPC answer" in result.sentence


def failing(method: str, code: int, message: str) -> Answer:
    """Answer all methods but one as Kamailio does."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body["method"] == method:
            error = {"code": code, "message": message}
            reply(handler, code, {"jsonrpc": "2.0", "error": error, "id": body["id"]})
        else:
            results(**GOOD)(handler, body)

    return answer


def test_http_500_with_a_json_rpc_error() -> None:
    result = press(failing("permissions.addressReload", 500, "Reload failed."))
    assert_behind(result)
    assert "permissions.addressReload failed: Reload failed (code 500)" in result.sentence


def test_a_failure_that_is_reported_as_a_success() -> None:
    result = press(results(**{**GOOD, "drouting__reload": "failed to load routing data"}))
    assert_behind(result)
    assert "drouting.reload answered “failed to load routing data”, which is a failure" in result.sentence


def test_rows_that_the_node_skipped_are_named() -> None:
    result = press(results(**GOOD))
    assert_behind(result)
    endpoint = Endpoint.objects.get()
    assert "Kamailio did not load carrier group “Acme”, endpoint 203.0.113.7:5060" in result.sentence
    assert f"dispatcher row {endpoint.pk}" in result.sentence
    assert "Kamailio did not load the source 203.0.113.7/32" in result.sentence


def test_a_node_that_says_another_revision() -> None:
    group, endpoint = CarrierGroup.objects.get(), Endpoint.objects.get()
    target = {"URI": "sip:203.0.113.7:5060", "PRIORITY": 10_000, "ATTRS": {"BODY": f"gwid={endpoint.pk};strip=0"}}
    loaded = {
        "dispatcher__list": {"RECORDS": [{"SET": {"ID": group.pk, "TARGETS": [{"DEST": target}]}}]},
        "mtree__list": [
            {"tprefix": "o9", "tvalue": [f"dsiprouter:{group.pk}"]},
            {"tprefix": "s", "tvalue": ["dsiprouter:"]},
        ],
        "permissions__addressDump": [
            {"table": 1, "group": 8, "item": {"ip": "203.0.113.7", "port": 0, "tag": f"carrier-{group.pk}"}}
        ],
    }
    result = press(results(**{**GOOD, **loaded}))
    assert_behind(result)
    assert f"says that it runs revision 0 instead of {result.revision}" in result.sentence


def test_an_answer_of_another_type() -> None:
    result = press(results(**{**GOOD, "dispatcher__list": {"SETS": []}}))
    assert_behind(result)
    assert "in a form that this product does not know" in result.sentence


def test_a_node_without_any_of_our_modules() -> None:
    result = press(results(system__listMethods=["core.version"]))
    assert_behind(result)
    assert "none of the modules that we write is loaded there" in result.sentence


def test_one_dead_node_does_not_hide_the_others_answer() -> None:
    dead = Node("dead", Rpc(f"http://127.0.0.1:{free_port()}/RPC", "token", 5))
    with http_node(results(system__listMethods=["drouting.reload"], drouting__reload="reload ok")) as good:
        result = apply(author=None, nodes=[dead, Node("good", Rpc(good.url, "token", 5))])
    assert result.outcome == "behind"
    assert [(node.name, node.ok) for node in result.nodes] == [("dead", False), ("good", True)]
    assert "dead" in result.sentence
    assert "good" not in result.sentence


def test_a_table_that_cannot_be_written_leaves_everything_as_it_was() -> None:
    with connections["kamailio"].cursor() as cursor:
        cursor.execute("ALTER TABLE mtree RENAME COLUMN tvalue TO elsewhere")
    try:
        result = press(results(**GOOD))
        assert not Dispatcher.objects.exists()
    finally:
        with connections["kamailio"].cursor() as cursor:
            cursor.execute("ALTER TABLE mtree RENAME COLUMN elsewhere TO tvalue")
    assert result.outcome == "failed"
    assert "Nothing was changed." in result.sentence
    assert "tvalue" in result.sentence


def test_the_database_refuses_half_way_and_nothing_is_half_written() -> None:
    """A trigger stops the write in the middle, as a full disk or a lost connection would."""
    with connections["kamailio"].cursor() as cursor:
        if connections["kamailio"].vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER stop_it BEFORE INSERT ON mtree BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER stop_it BEFORE INSERT ON mtree FOR EACH ROW"
                " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'disk is full'"
            )
    try:
        result = press(results(**GOOD))
    finally:
        with connections["kamailio"].cursor() as cursor:
            cursor.execute("DROP TRIGGER stop_it")
    assert result.outcome == "failed"
    assert "nothing was changed" in result.sentence
    assert "disk is full" in result.sentence
    assert not Dispatcher.objects.exists()
    assert not Mtree.objects.exists()
    assert stored_revision() is None
    assert Revision.objects.get().outcome == Revision.Outcome.FAILED


def test_an_apply_that_would_empty_all_routing_is_refused_unless_confirmed() -> None:
    press(results(**GOOD))
    CarrierGroup.objects.update(enabled=False)
    refused = press(results(**GOOD))
    assert refused.outcome == "refused"
    assert "no route for any outbound call" in refused.sentence
    assert Dispatcher.objects.count() == 1
    with http_node(results(**GOOD)) as node:
        apply(author=None, allow_empty=True, nodes=[Node("edge", Rpc(node.url, "token", 5))])
    assert not Dispatcher.objects.exists()


def test_a_problem_is_refused_before_anything_is_written() -> None:
    Endpoint.objects.update(host="999.1.1.1")
    result = press(results(**GOOD))
    assert result.outcome == "refused"
    assert "“999.1.1.1” is not an IP address" in result.sentence
    assert not Dispatcher.objects.exists()
    assert not Revision.objects.exists()
