"""Module mtree with rows of other tools and odd answers of nodes."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from carriers.snapshots.route_records import ConditionRecord
from kamailio_bridge.modules import MODULES
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.tables.models import Mtree
from tests.kamailio_bridge.http_node import http_node, reply
from tests.kamailio_bridge.projected import project
from tests.kamailio_bridge.records import carriers, endpoint, group, outbound

mtree = MODULES["mtree"]


@pytest.mark.django_db(databases=["default", "kamailio"])
@pytest.mark.parametrize(
    ("prefix", "faulty"),
    [("49", False), ("o49", False), ("*#+", False), ("", True), ("4 9", True), ("4-9", True), ("x", True)],
)
def test_which_prefixes_of_other_tools_are_faulty(prefix: str, faulty: bool) -> None:
    Mtree.objects.create(pk=9000, tprefix=prefix, tvalue="7")
    faults = mtree.foreign_faults(frozenset())
    reported = (
        f"row 9000 of the table mtree (tprefix “{prefix}”) has a prefix that Kamailio can't load: put it right or"
    )
    assert faults == ([f"{reported} remove it."] if faulty else [])


def listing(*entries: tuple[str, str]) -> Any:
    """Return a node that lists these entries and answers each question with the newest value."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        result = [{"tprefix": prefix, "tvalue": [value, "older"]} for prefix, value in entries]
        reply(handler, 200, {"jsonrpc": "2.0", "id": body["id"], "result": result})

    return answer


@pytest.mark.parametrize(
    ("entries", "reported"),
    [
        ([("o9", "dsiprouter:1"), ("s", "dsiprouter:")], []),
        ([("o9", "dsiprouter:1"), ("s", "dsiprouter:"), ("49", "7")], []),
        (
            [("s", "dsiprouter:")],
            ["Kamailio does not have outbound route 9 (mtree row 1) as it should be. Press Reload Kamailio again."],
        ),
        (
            [("o9", "dsiprouter:2"), ("s", "dsiprouter:")],
            ["Kamailio does not have outbound route 9 (mtree row 1) as it should be. Press Reload Kamailio again."],
        ),
        (
            [("o9", "dsiprouter:1"), ("s", "dsiprouter:"), ("o8", "dsiprouter:1"), ("o7", "dsiprouter:1")],
            ["Kamailio still has routes that are no longer configured: o7, o8. Press Reload Kamailio again."],
        ),
    ],
)
def test_what_the_tree_holds_is_compared_with_the_rows(entries: list[tuple[str, str]], reported: list[str]) -> None:
    wanted = project("mtree", carriers(group(1, endpoint(1)), outbound(1, "9", 1)))
    with http_node(listing(*entries)) as server:
        assert mtree.verify(Node("edge", Rpc(server.url, "token", 10)), wanted, None) == reported


def test_what_a_node_without_the_tree_does_not_read() -> None:
    state = carriers(group(1, endpoint(1)), group(2, endpoint(2)), ConditionRecord(5, "night"))
    assert mtree.unread(project("mtree", state._replace(outbound_routes=(outbound(1, "9", 1),)))) == ""
    shared = outbound(1, "9", 1, 2, shares=(70, 30))
    limited = outbound(2, "8", 1, condition=5)
    said = mtree.unread(project("mtree", state._replace(outbound_routes=(shared, limited))))
    assert said == (
        "It does not read the shares of outbound route 9: calls through it try the carrier groups in their order."
        " It does not read the conditions and carriers of outbound route 8: through it these routes are for every call."
        " Its configuration has no tree “routes”."
    )
