"""The route test: the carriers, Kamailio's tables and the nodes side by side, and the nodes that do not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from carriers.models import AuthCredential, CarrierGroup, OutboundRoute
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.nodes import ask_all
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.questions.route_lookup import route_test
from kamailio_bridge.tables.models import Dispatcher, Mtree, Version
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import http_node, reply

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

NUMBER = "914443332222"


@pytest.fixture
def acme(node: Node) -> Iterator[CarrierGroup]:
    """A group of two endpoints with a credential, applied to a real node; afterwards the node is empty again."""
    group = make_group("Acme", "127.0.0.21", "127.0.0.22")
    group.endpoints.filter(position=1).update(name="primary", strip=1)
    credential = AuthCredential(group=group, username="1000", registrar="127.0.0.21", register=False)
    credential.set_password("correct-horse-battery")
    credential.save()
    make_route("9", group)
    assert apply(author=None, nodes=[node]).ok
    yield group
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


def test_after_an_apply_all_say_the_same(node: Node, acme: CarrierGroup) -> None:
    test = route_test(NUMBER, nodes=[node])
    assert not test.differs
    assert test.is_complete
    assert [column.title for column in test.columns] == ["Carriers, as saved", "Kamailio's tables", "Node edge, now"]
    for column in test.columns:
        assert [(each.r_uri, each.credential) for each in column.attempts] == [
            ("sip:14443332222@127.0.0.21:5060", "1000"),
            ("sip:914443332222@127.0.0.22:5060", "1000"),
        ]


def test_what_is_saved_but_not_applied_differs_from_the_rest(node: Node, acme: CarrierGroup) -> None:
    acme.endpoints.filter(position=2).update(prefix="00")
    acme.endpoints.filter(position=1).update(enabled=False)
    primary, backup = route_test(NUMBER, nodes=[node]).lines[::-1]
    assert primary.differs
    assert [cell.reason for cell in primary.cells] == ["disabled", "", ""]
    assert [cell.attempt and cell.attempt.place for cell in primary.cells] == [None, 1, 1]
    assert [cell.attempt and cell.attempt.r_uri.partition("@")[0] for cell in backup.cells] == [
        "sip:00914443332222",
        "sip:914443332222",
        "sip:914443332222",
    ]


def test_a_node_that_is_behind_the_tables_shows(node: Node, acme: CarrierGroup) -> None:
    acme.endpoints.filter(position=1).update(strip=2)
    apply(author=None, nodes=[])
    line = route_test(NUMBER, nodes=[node]).lines[0]
    assert line.differs
    uris = [cell.attempt.r_uri for cell in line.cells if cell.attempt]
    assert [uri.partition("@")[0] for uri in uris] == ["sip:4443332222", "sip:4443332222", "sip:14443332222"]


def test_rows_of_others_count_as_kamailio_reads_them(node: Node, acme: CarrierGroup) -> None:
    Dispatcher.objects.create(id=900, setid=acme.pk, destination="sip:127.0.0.99:5060", priority=20_000, flags=16)
    Dispatcher.objects.create(id=901, setid=acme.pk, destination="sip:127.0.0.98:5060", flags=4)
    Mtree.objects.create(id=900, tprefix="o8", tvalue="something else")
    node.rpc.call("dispatcher.reload")
    node.rpc.call("mtree.reload", "routes")
    test = route_test(NUMBER, nodes=[node])
    stored, live = test.columns[1:]
    assert [each.r_uri for each in stored.attempts] == [each.r_uri for each in live.attempts]
    assert stored.attempts[0].r_uri == "sip:914443332222@127.0.0.99:5060"
    assert [each.reason for each in stored.unused] == ["its row has the flags 4: inactive or disabled"]
    assert [line.endpoint for line in test.lines if line.differs][-1] == "sip:127.0.0.99:5060"
    sentences = [column.sentence for column in route_test("81", nodes=[node]).columns]
    assert sentences == [
        "No outbound route matches 81: the call is answered 404.",
        "No outbound route matches 81: the call is answered 404.",
        "The call is answered 404: no route.",
    ]


def test_a_node_that_does_not_answer_delays_nobody(
    node: Node, acme: CarrierGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_all.ask_nodes, "__defaults__", (0.5,))

    def drip(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """Send one byte of a header after the other, which no timeout between bytes ever ends."""
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"." * 40:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def garbage(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reply(handler, 200 if "id" in body else 418, b"<html>teapot</html>")

    with http_node(drip) as slow, http_node(garbage) as odd:
        nodes = [
            Node("slow", Rpc(slow.url, "token", 60)),
            node,
            Node("odd", Rpc(odd.url, "token", 60)),
            Node("gone", Rpc("http://127.0.0.1:1/RPC", "token", 60)),
        ]
        test = route_test(NUMBER, nodes=nodes)
    slow_column, edge, odd_column, gone = test.columns[2:]
    assert "did not answer within 0.5 s" in slow_column.sentence
    assert "HTTP 418" in odd_column.sentence
    assert "connection refused" in gone.sentence
    assert [column.failed for column in test.columns[2:]] == [True, False, True, True]
    assert len(edge.attempts) == 2
    assert not test.differs
    assert not test.is_complete


def test_tables_that_can_not_be_read_are_reported(acme: CarrierGroup) -> None:
    from django.db import connections  # noqa: PLC0415

    with connections["kamailio"].cursor() as cursor:
        cursor.execute("ALTER TABLE mtree RENAME TO mtree_away")
    try:
        column = route_test(NUMBER, live=False).columns[1]
    finally:
        with connections["kamailio"].cursor() as cursor:
            cursor.execute("ALTER TABLE mtree_away RENAME TO mtree")
    assert column.failed
    assert "Kamailio's tables can't be read" in column.sentence
    assert Version.objects.exists()


# --- The command ------------------------------------------------------------------------------------------------------


def printed(*arguments: str) -> str:
    output = StringIO()
    call_command("route_call", *arguments, stdout=output)
    return output.getvalue()


def test_the_command_says_it_all(acme: CarrierGroup) -> None:
    assert printed(NUMBER) == (
        "Carriers, as saved: 914443332222 takes route 9.\n"
        "1. sip:14443332222@127.0.0.21:5060  (Acme: primary, udp, credential 1000)\n"
        "   914443332222 -> strip 1: 14443332222\n"
        "2. sip:914443332222@127.0.0.22:5060  (Acme: 127.0.0.22:5060, udp, credential 1000)\n"
    )
    acme.endpoints.filter(position=2).update(enabled=False)
    text = printed(NUMBER)
    assert "not used: 127.0.0.22:5060 of Acme: disabled\n" in text
    assert "Kamailio's tables: 914443332222 takes route 9.\n" in text
    assert text.endswith("differs: 127.0.0.22:5060 of Acme\n")


def test_the_command_ends_with_1_when_nobody_gets_the_call(acme: CarrierGroup) -> None:
    with pytest.raises(SystemExit, match="1"):
        printed("4711")
    OutboundRoute.objects.update(enabled=False)
    with pytest.raises(SystemExit, match="1"):
        printed(NUMBER)
    with pytest.raises(CommandError, match="“12a” is no number"):
        printed("12a")


@pytest.mark.usefixtures("acme")
def test_the_command_ends_with_1_when_a_node_gives_no_answer(settings: Any) -> None:
    settings.DSIPROUTER_RPC_PORT = 1
    with pytest.raises(SystemExit, match="1"):
        printed(NUMBER, "--live")
