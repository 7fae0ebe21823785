"""Strangers at a node: in words, on the node's page, in the status and in the metrics."""

from __future__ import annotations

import contextlib
import re
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.monitoring.strangers import Strangers, read_strangers
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import InvalidAnswer, Rpc
from tests.e2e.counts import wait_for_counts
from tests.e2e.sip.raw import Datagrams, request
from tests.kamailio_bridge.http_node import http_node, reply, results


@pytest.mark.parametrize(
    ("strangers", "sentence"),
    [
        (Strangers(), "none since the start"),
        (Strangers(answered=1), "1 request refused since the start; no source is silenced now"),
        (
            Strangers(answered=5, dropped=12_340, silenced=1),
            "12,345 requests refused since the start, 12,340 of them without an answer; 1 source silenced now",
        ),
        (
            Strangers(answered=2, replies=1, silenced=2),
            "2 requests refused since the start; 1 forged reply dropped; 2 sources silenced now",
        ),
        (
            Strangers(answered=1, replies=1, malformed=1, silenced=7),
            "1 request refused since the start; 1 forged reply and 1 malformed message dropped; 7 sources silenced now",
        ),
    ],
)
def test_the_sentence(strangers: Strangers, sentence: str) -> None:
    assert strangers.sentence == sentence


def slots(**counts: object) -> list[object]:
    return [
        {"entry": 1, "size": 1, "slot": [{"name": name.replace("now_", "now:"), "value": value, "type": "int"}]}
        for name, value in counts.items()
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, Strangers()),
        (slots(answered=5, dropped=7, now_answers=3), Strangers(answered=5, dropped=7)),
        (slots(silenced=4, now_silenced=1), Strangers(silenced=4)),
        (slots(silenced=0, now_silenced=2), Strangers(silenced=2)),
        (slots(answered=-5), Strangers()),
    ],
)
def test_what_a_node_answers(answer: object, expected: Strangers) -> None:
    with http_node(results(htable__dump=answer)) as node:
        assert read_strangers(Rpc(node.url, "token", 5)) == expected


def test_a_node_that_does_not_count_says_nothing() -> None:
    def refuse(handler: object, body: dict[str, object]) -> None:
        error = {"jsonrpc": "2.0", "id": body["id"], "error": {"code": 500, "message": "No such htable"}}
        reply(handler, 500, error)  # type: ignore[arg-type]

    with http_node(refuse) as node:
        assert read_strangers(Rpc(node.url, "token", 5)) is None


@pytest.mark.parametrize("answer", ["text", slots(answered="many"), [1], [{"slot": [{"value": 1}]}]])
def test_an_odd_answer_is_an_error(answer: object) -> None:
    with http_node(results(htable__dump=answer)) as node, pytest.raises(InvalidAnswer):
        read_strangers(Rpc(node.url, "token", 5))


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_a_real_node_tells_it_everywhere(
    kamailio_process: NodeProcess, node: Node, settings: Settings, client: Client, admin_client: Client
) -> None:
    parameters = kamailio_process.parameters
    settings.DSIPROUTER_RPC_PORT = int(re.findall(r":(\d+)/", node.rpc.url)[0])
    settings.DSIPROUTER_RPC_TOKEN = node.rpc.token
    settings.DSIPROUTER_METRICS_TOKEN = "token-of-the-scraper"
    cache.clear()
    before = read_strangers(node.rpc)
    assert before is not None
    with Datagrams("127.33.0.1", f"127.0.0.1:{parameters.sip_port}") as stranger:
        stranger.send(*[request("OPTIONS", "sip:nobody", stranger.host_port) for _ in range(20)])
        stranger.send(b"This is no SIP at all, and long enough.\r\n\r\n")
        wait_for_counts(kamailio_process, before.answered + before.dropped + 20, "answered", "dropped")
        wait_for_counts(kamailio_process, before.malformed + 1, "malformed")
    output = StringIO()
    with contextlib.suppress(SystemExit):  # that nothing has been applied, is another matter
        call_command("kamailio_status", stdout=output)
    line = re.search(r"^  strangers: (.*)$", output.getvalue(), re.MULTILINE)
    assert line is not None
    assert re.fullmatch(
        r"\d+ requests refused since the start, \d+ of them without an answer; .* dropped; \d+ sources? silenced now",
        line[1],
    )
    assert admin_client.get(reverse("admin:node_now", args=["local"])).json()["strangers"] == line[1]
    metrics = client.get("/metrics", headers={"authorization": "Bearer token-of-the-scraper"}).content.decode()
    dropped = re.search(
        r'^dsiprouter_stranger_requests_total\{answered="false",node="local"\} (\d+)', metrics, re.MULTILINE
    )
    assert dropped is not None
    assert int(dropped[1]) >= before.dropped + 15
    assert re.search(r'^dsiprouter_silenced_sources\{node="local"\} [1-9]', metrics, re.MULTILINE)
