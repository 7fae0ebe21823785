"""A node that answers what Kamailio never would: for each method and kind of JSON the result is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from pytest_django import Settings

from carriers.snapshots.records import EndpointRecord
from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.reload_node import method_names, reload_node
from kamailio_bridge.drift.compare import node_drift
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.monitoring.status import node_status
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import InvalidAnswer, Rpc
from kamailio_bridge.plan.make import Plan, make_plan
from kamailio_bridge.questions.probes import NoNode, ask_through, probe_endpoint
from kamailio_bridge.questions.registrations import registrations
from tests.commands import run_command
from tests.kamailio_bridge import records
from tests.kamailio_bridge.builders import make_credential, make_group, make_route
from tests.kamailio_bridge.http_node import HttpNode, http_node, reply

pytestmark = [
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("no_unexpected_error"),
]

ODD: tuple[Any, ...] = (
    None, True, -1, 1.5, 2**62, "", "text", [], {}, [None], [[]], [1], ["x"], [{}], [{"slot": [1]}], {"a": {"b": []}},
    {"RECORDS": [{"SET": {"ID": [], "TARGETS": [{"DEST": {"URI": {}, "PRIORITY": [], "ATTRS": 5}}]}}]},
    {"RECORDS": 7}, {"RECORDS": [{"SET": {"ID": 1, "TARGETS": [{"DEST": {"URI": [], "PRIORITY": 1}}]}}]},
    [{"l_uuid": [], "flags": "x"}], [{"l_uuid": "carrier-1", "flags": None, "diff_expires": {}}],
    [{"item": {"ip": "::1", "tag": [], "mask": "x", "port": {}}, "group": []}], [{"item": {"ip": 5}, "group": 8}],
    [{"tprefix": [], "tvalue": {}}], [{"tprefix": "o9", "tvalue": []}], [{"slot": [{"name": [], "value": {}}]}],
    {"item": {"value": []}}, {"item": {"value": "x"}}, {"uptime": -1}, {"uptime": 2**60}, {"uptime": []},
    {"TVALUE": []}, {"value": []}, {"value": {}},
)  # fmt: skip
NORMAL: dict[str, Any] = {
    "core.version": "kamailio 5.6.3",
    "core.uptime": {"uptime": 5},
    "htable.listTables": [{"name": "dsiprouter"}],
    "htable.get": {"item": {"value": 1}},
    "htable.dump": {},
    "htable.reload": "Ok.",
    "mtree.summary": [{"table": "routes"}],
    "mtree.list": [],
    "mtree.reload": "Ok.",
    "mtree.match": {"TVALUE": ""},
    "dispatcher.list": {"RECORDS": []},
    "dispatcher.reload": "Ok.",
    "permissions.addressReload": "Reload OK",
    "permissions.addressDump": [],
    "permissions.subnetDump": [],
    "permissions.domainDump": {},
    "drouting.reload": "reload ok",
    "uac.reg_dump": [],
    "uac.reg_info": {},
    "uac.reg_refresh": {},
    "uac.reg_enable": {},
    "uac.reg_disable": {},
    "uac.reg_remove": {},
    "uac.reg_unregister": {},
    "corex.list_sockets": [
        {"PROTO": "udp", "NAME": "127.0.0.1", "PORT": "5060", "SOCKNAME": "carriers", "ADVERTISE": "-"}
    ],
    "pv.shvGet": {"value": "edge"},
    "tm.t_uac_wait": [200, "OK", "Via: x\r\n"],
}


class OddNode:
    """A server that answers one method at a time oddly, and the others as a small Kamailio would."""

    def __init__(self) -> None:
        self.method = ""
        self.answer: Any = None

    def __call__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        method = body["method"]
        results = {**NORMAL, "system.listMethods": sorted(NORMAL)}
        result = self.answer if method == self.method else results[method]
        reply(handler, 200, {"jsonrpc": "2.0", "result": result, "id": body["id"]})


@pytest.fixture
def odd() -> Iterator[tuple[OddNode, HttpNode]]:
    answers = OddNode()
    with http_node(answers) as server:
        yield answers, server


@pytest.fixture
def plan() -> Plan:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    make_credential(group, "127.0.0.21")
    return make_plan()


def endpoint() -> EndpointRecord:
    return records.endpoint(1)


@pytest.mark.parametrize("method", [*NORMAL, "system.listMethods"])
def test_every_odd_answer_becomes_a_sentence(method: str, odd: tuple[OddNode, HttpNode], plan: Plan) -> None:
    answers, server = odd
    node = Node("edge", Rpc(server.url, "token", 10))
    groups = read_groups(list(plan.carriers.groups))
    asked = records.group(1, socket="carriers")
    answers.method = method
    for answers.answer in ODD:
        assert node_status(node, 1).sentence
        drift = node_drift(node, plan, 1)
        assert drift.unknown or drift.differences
        assert reload_node(node, plan, None, 2).sentence
        (registration,) = registrations(groups, [node]).values()
        assert registration.sentence
        try:
            assert ask_through([node], lambda node: probe_endpoint(node, asked, endpoint())).sentence
        except NoNode as no_node:
            assert str(no_node)  # noqa: PT017
    assert len(server.requests) > 3 * len(ODD)


@pytest.mark.parametrize("answer", [[1], ["dispatcher.reload", None], "dispatcher.reload", {}])
def test_commands_that_are_no_list_of_names_are_refused(answer: Any, odd: tuple[OddNode, HttpNode]) -> None:
    """Otherwise the node would seem to have none of our modules, and an operator would look at its configuration."""
    answers, server = odd
    answers.method, answers.answer = "system.listMethods", answer
    with pytest.raises(InvalidAnswer, match=r"system\.listMethods: the node answered in a form"):
        method_names(Rpc(server.url, "token", 10))


def test_drift_that_can_not_be_told_is_status_2(kamailio_process: NodeProcess, settings: Settings) -> None:
    """Nested lists without end were a RecursionError, and so status 1, which means drift."""
    parameters = kamailio_process.parameters
    settings.DSIPROUTER_RPC_PORT, settings.DSIPROUTER_RPC_TOKEN = parameters.rpc_port, parameters.rpc_token
    make_route("9", make_group("Acme", "127.0.0.21"))
    assert apply(author=None).ok

    def nested(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reply(handler, 200, b'{"id": %d, "result": %s' % (body["id"], b"[" * 100_000))

    with http_node(nested) as node:
        settings.DSIPROUTER_RPC_PORT = node.port
        ran = run_command("check_drift")
        assert node.requests
    assert ran.status == 2, ran
    assert "can't tell: node local: system.listMethods: " in ran.err
