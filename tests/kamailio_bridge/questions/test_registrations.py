"""Registrations as several nodes report them, good and bad; answers of carriers are tested in tests/e2e."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest

from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.questions.registrations import registrations
from tests.kamailio_bridge.http_node import Answer, HttpNode, free_port, http_node, results
from tests.kamailio_bridge.records import HA1, carriers, credential, endpoint, group

REGISTERED, FAILED, ASKING = 20, 16, 18
HOST = "sip.acme.example"
ACCOUNT = "carrier-1"


def record(flags: int, **values: Any) -> dict[str, Any]:
    """Return what a node shows of the record of carrier group 1."""
    shown = {
        "l_uuid": "carrier-1",
        "l_username": "carrier-1",
        "l_domain": "dsiprouter.invalid",
        "r_username": "1000",
        "r_domain": HOST,
        "realm": HOST,
        "auth_username": "1000",
        "auth_ha1": HA1,
        "auth_proxy": f"sip:{HOST}:5060",
        "expires": 300,
        "flags": flags,
        "diff_expires": 25,
        "timer_expires": int(time.time()) + 25,
    }
    return {**shown, **values}


def says(*records: dict[str, Any], **answers: str) -> Answer:
    """Answer as a node with these records; ``answer`` and ``realm`` are what the registrar said last."""
    slots = [{"entry": 0, "slot": {"name": ACCOUNT, "value": answers["answer"]}}] if "answer" in answers else []
    if "realm" in answers:
        slots.append({"entry": 1, "slot": {"name": f"realm:{ACCOUNT}", "value": answers["realm"]}})
    return results(uac__reg_dump=list(records), htable__dump=slots)


def node_of(server: HttpNode, name: str = "edge") -> Node:
    return Node(name, Rpc(server.url, "token", timeout=5))


def dead(name: str = "dead") -> Node:
    return Node(name, Rpc(f"http://127.0.0.1:{free_port()}/RPC", "token", timeout=5))


ACME = carriers(group(1, endpoint(1), credential=credential(1)))


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (says(record(REGISTERED)), "registered", "Registered until "),
        (says(record(ASKING)), "trying", "Trying"),
        (says(record(0)), "trying", "Trying"),
        (says(record(FAILED), answer="403 Forbidden"), "rejected", "Rejected: 403 Forbidden"),
        (says(record(FAILED), answer="401 No", realm="asterisk"), "realm differs", "Realm differs: asterisk"),
        (says(record(FAILED), answer="401 No", realm=HOST), "rejected", "Rejected: 401 No"),
        (says(record(FAILED)), "no answer", "No answer"),
        (results(uac__reg_dump=[record(FAILED)]), "not registered", "Not registered"),
        (says(record(REGISTERED, auth_ha1="0" * 32)), "not applied", "Not applied yet"),
        (says(record(1)), "not applied", "Not applied yet"),
        (says(), "not applied", "Not applied yet"),
        (results(), "unreachable", "Node unreachable"),
    ],
)
def test_states_in_words(answer: Answer, state: str, words: str) -> None:
    with http_node(answer) as server:
        found = registrations(ACME, [node_of(server)])[1]
    assert found.state == state
    assert found.words.startswith(words)
    assert HA1 not in repr(found)


@pytest.mark.parametrize(
    ("values", "state"),
    [({"enabled": False}, "disabled"), ({"credential": credential(1, ha1=None)}, "unreadable")],
)
def test_what_needs_no_node_is_reported_without_one(values: dict[str, Any], state: str) -> None:
    """A lost key is said even while no node can be asked, and whatever a node still has of it."""
    one = carriers(group(1, **{"credential": credential(1), **values}))
    assert registrations(one, [dead()])[1].state == state
    with http_node(says(record(REGISTERED))) as server:
        found = registrations(one, [node_of(server)])[1]
    assert found.state == state
    assert "reload" in found.sentence.lower()


def test_a_group_that_does_not_register() -> None:
    one = carriers(group(1, credential=credential(1, register=False)), group(2))
    with http_node(says(record(1))) as server:
        found = registrations(one, [node_of(server)])
    assert {pk: registration.state for pk, registration in found.items()} == {1: "not registering"}


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (record(REGISTERED), record(1), "registered"),
        (record(1), record(REGISTERED), "registered"),
        (record(1), record(FAILED), "no answer"),
        (record(ASKING), record(FAILED), "trying"),
    ],
)
def test_the_node_that_registers_speaks_for_the_group(
    first: dict[str, Any], second: dict[str, Any], state: str
) -> None:
    with http_node(says(first)) as one, http_node(says(second)) as two:
        found = registrations(ACME, [node_of(one, "one"), node_of(two, "two")])[1]
    assert found.state == state
    assert found.node == ("two" if first["flags"] == 1 else "one")


def test_a_node_that_is_down_hides_nothing_that_another_knows() -> None:
    with http_node(says(record(REGISTERED))) as server:
        found = registrations(ACME, [dead(), node_of(server)])[1]
    assert (found.state, found.node) == ("registered", "edge")
    # It may be the one that registers: then nobody knows.
    with http_node(says(record(1))) as server:
        found = registrations(ACME, [node_of(server), dead()])[1]
    assert (found.state, found.node) == ("unreachable", "dead")
    assert "connection refused" in found.sentence


def test_a_slow_node_is_given_up() -> None:
    def drip(handler: Any, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):  # until we have gone
            while True:
                handler.wfile.write(b" ")
                time.sleep(0.05)

    with http_node(drip) as server:
        found = registrations(ACME, [node_of(server)], seconds=0.3)[1]
    assert (found.state, "did not answer within 0.3 s" in found.sentence) == ("unreachable", True)


def test_nobody_is_asked_without_a_credential() -> None:
    with http_node(says()) as server:
        assert registrations(carriers(group(1, endpoint(1))), [node_of(server)]) == {}
        assert server.requests == []
