"""A node that answers in the right form with impossible values: the result is a sentence and never an exception."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.core.cache import cache
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.modules.uac_records import UacRecord, read_record
from kamailio_bridge.modules.uac_rows import RECORDS
from kamailio_bridge.monitoring.metrics import BridgeCollector
from kamailio_bridge.monitoring.status import node_status
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import InvalidAnswer, Rpc
from kamailio_bridge.plan.make import Plan, make_plan
from kamailio_bridge.questions.registrations import Registration, registrations
from kamailio_bridge.questions.route_live import ask_route
from kamailio_bridge.questions.who_is import who_is
from kamailio_bridge.revisions.models import Revision
from tests.kamailio_bridge.builders import make_credential, make_group, make_route
from tests.kamailio_bridge.http_node import Answer, http_node, reply, results

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("no_unexpected_error"),
]

UNKNOWN_FORM = "the node answered in a form that this product does not know"
HUGE: tuple[Any, ...] = (2**62, -(2**62), "9" * 400)
ODD: tuple[Any, ...] = (True, 1.5, "text", [], {}, [1], None, *HUGE)


@pytest.fixture
def plan() -> Plan:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    make_credential(group, "127.0.0.21")
    return make_plan()


def shown(plan: Plan) -> dict[str, Any]:
    """Return the record of the plan's credential as a node shows it, registered."""
    (row,) = (row for rows in plan.projections.values() for row in rows.rows.get(RECORDS, {}).values())
    values = dict(zip(RECORDS.columns, row.values, strict=True))
    state = {"flags": 20, "diff_expires": 25, "timer_expires": 1_800_000_000}
    return {name: values.get(name) for name in UacRecord._fields} | state


def holding(record: dict[str, Any], **answers: Any) -> Answer:
    """Answer as a node that holds one record, and can load it again."""
    return results(
        core__version="kamailio 5.6.3",
        core__uptime={"uptime": 5},
        system__listMethods=["uac.reg_refresh"],
        uac__reg_dump=[record],
        uac__reg_info=record,
        uac__reg_refresh={},
        **answers,
    )


def at(url: str) -> Node:
    return Node("edge", Rpc(url, "token", 10))


def registration(plan: Plan, node: Node) -> Registration:
    return registrations(read_groups(list(plan.carriers.groups)), [node])[next(iter(plan.carriers.groups))]


def test_a_right_record_is_understood(plan: Plan) -> None:
    with http_node(holding(shown(plan))) as server:
        assert registration(plan, at(server.url)).state == "registered"
        assert node_status(at(server.url), None).registered == 1
        record = read_record(at(server.url).rpc, shown(plan)["l_uuid"])
    assert record is not None
    assert record.auth_ha1 == shown(plan)["auth_ha1"]
    assert record.auth_ha1 not in repr(record)


@pytest.mark.parametrize("name", UacRecord._fields)
def test_each_field_of_a_record_is_checked(name: str, plan: Plan) -> None:
    is_text = isinstance(shown(plan)[name], str)
    odd = [value for value in ODD if not isinstance(value, str if is_text else ())]
    right = shown(plan)
    records = [right | {name: value} for value in odd if not (is_text and value is None)]
    for record in [*records, {key: value for key, value in right.items() if key != name}]:
        with http_node(holding(record)) as server:
            assert UNKNOWN_FORM in registration(plan, at(server.url)).sentence
            assert UNKNOWN_FORM in node_status(at(server.url), None).sentence
            with pytest.raises(InvalidAnswer, match=UNKNOWN_FORM):
                read_record(at(server.url).rpc, right["l_uuid"])


def test_a_text_that_was_never_set_is_null(plan: Plan) -> None:
    with http_node(holding(shown(plan) | {"realm": None})) as server:
        assert registration(plan, at(server.url)).state == "not applied"


def test_a_record_of_another_key_is_no_answer(plan: Plan) -> None:
    with http_node(holding(shown(plan))) as server, pytest.raises(InvalidAnswer):
        read_record(at(server.url).rpc, "carrier-0")


def test_a_reload_ends_although_a_record_is_odd(plan: Plan) -> None:
    """It raised ValueError to the browser, and the revision had no end."""
    with http_node(holding(shown(plan) | {"flags": "unknown"})) as server:
        KamailioNode.objects.create(name="edge", rpc_url=server.url)
        result = apply(author=None)
    assert result.outcome == "behind"
    assert UNKNOWN_FORM in result.sentence
    revision = Revision.objects.get()
    assert (revision.outcome, revision.nodes[0]["ok"]) == (Revision.Outcome.BEHIND, False)
    assert revision.finished is not None


@pytest.mark.parametrize("due", ["9" * 400, "9" * 100, "soon", "-1"])
def test_a_time_that_the_node_noted_oddly(due: str, plan: Plan) -> None:
    key = shown(plan)["l_uuid"]
    slots = [{"entry": 0, "slot": {"name": f"due:{key}", "value": due}}]
    with http_node(holding(shown(plan) | {"flags": 16}, htable__dump=slots)) as server:
        found = registration(plan, at(server.url))
    assert found.state == "no answer"
    assert found.sentence.endswith(" Next try in 25 s.")


@pytest.fixture
def no_kept_answers() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.usefixtures("no_kept_answers")
@pytest.mark.parametrize("value", [*ODD, 0, "-5"])
def test_metrics_of_a_node_that_counts_impossibly(value: Any) -> None:
    """A number of 400 digits ended the scrape."""
    for revision, count in ((value, 1), (1, value)):
        cache.clear()
        slots = [{"entry": 0, "slot": {"name": "answered", "value": count}}]
        with http_node(results(htable__get={"item": {"value": revision}}, htable__dump=slots)) as server:
            KamailioNode.objects.update_or_create(name="edge", defaults={"rpc_url": server.url})
            registry = CollectorRegistry(auto_describe=False)
            registry.register(BridgeCollector())
            told = generate_latest(registry).decode()
            assert [body["method"] for body, _ in server.requests][:1] == ["htable.get"]
        assert 'dsiprouter_node_in_step{node="edge"} 0.0' in told


@pytest.mark.parametrize("method", ["permissions__addressDump", "permissions__subnetDump"])
@pytest.mark.parametrize("name", ["ip", "mask", "port", "tag", "group"])
def test_who_is_of_a_node_with_odd_addresses(method: str, name: str) -> None:
    for value in ODD:
        entry = {"group": 8, "item": {"ip": "127.0.0.21", "mask": 24, "port": 0, "tag": "carrier-1"}}
        (entry if name == "group" else entry["item"])[name] = value  # type: ignore[index]
        dumps: dict[str, Any] = {"permissions__addressDump": [], "permissions__subnetDump": [], method: [entry]}
        with http_node(results(**dumps)) as server:
            assert who_is("127.0.0.21", nodes=[at(server.url)]).answers[-1].sentence


@pytest.mark.parametrize(
    "routes", ["", "|", "sip:x|uac=carrier-1", "sip:x|gwid=" + "9" * 5000, "sip:x|rweight=x;;=;", "sip:x|rweight=-1"]
)
def test_a_dry_run_in_an_odd_form(routes: str) -> None:
    for record in ODD:

        def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any], record: Any = record) -> None:
            if "path" in body:
                reply(handler, 200, routes.encode())
            else:
                results(uac__reg_info=record)(handler, body)

        with http_node(answer) as server:
            if "uac=" in routes:
                with pytest.raises(InvalidAnswer, match=UNKNOWN_FORM):
                    ask_route(at(server.url), "9", {})
            else:
                assert all(attempt.gwid == 0 for attempt in ask_route(at(server.url), "9", {}).attempts)
