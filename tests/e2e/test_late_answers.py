"""Endpoints that take a call which was given up: it is ended there, and the caller's own call is not disturbed."""

from __future__ import annotations

import re

import pytest

from tests.e2e.scene import PBX_ADDRESS, Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, Incoming, answer, ring, say
from tests.e2e.sip.message import Message, Uri
from tests.e2e.sip.raw import Datagrams, request

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"
ACCOUNT = Account("1000", "secret of one", "carrier.example")


def carriers_of(scene: Scene, *behaviours: Behaviour, **values: str) -> list[UserAgent]:
    carriers = [scene.carrier(behaviour) for behaviour in behaviours]
    group = scene.group("Acme", *(to(carrier, **values) for carrier in carriers))
    scene.credential(group, ACCOUNT, carriers[0], register=False)
    scene.route("9", group)
    scene.apply()
    return carriers


def assert_ended(scene: Scene, carrier: UserAgent, cseq: int = 1) -> None:
    """The endpoint got the ACK of its answer and one BYE, both of the call that it took."""
    (bye,) = carrier.wait_for("BYE")
    acks = carrier.wait_for("ACK", cseq)
    assert [acks[-1].message.cseq, bye.message.cseq] == [(cseq, "ACK"), (cseq + 1, "BYE")]
    invite = carrier.invites[-1]
    assert {bye.message.call_id, acks[-1].message.call_id} == {invite.message.call_id}
    assert bye.message.get("from") == invite.message.get("from")
    assert bye.message.get("to").endswith(f";tag={invite.to_tag}")
    assert bye.uri == acks[-1].uri
    assert bye.answers == [200]
    assert f"{carrier.host_port} answered 200 after it was given up: its call is ended" in scene.report()
    assert scene.errors() == []
    assert "CRITICAL" not in scene.report()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_while_the_next_endpoint_rings(scene: Scene, transport: str) -> None:
    first, second = carriers_of(scene, say((2.5, 200)), say((0, 180), (1.5, 200)), transport=transport)
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert_ended(scene, first)
    assert len(call.finals) == 1
    assert call.bye() == 200
    assert len(second.wait_for("BYE")) == 1


def test_after_the_answer_to_a_challenge(scene: Scene) -> None:
    """The INVITE that it answers has the CSeq 2 there."""
    first, _ = carriers_of(scene, Challenge(ACCOUNT, then=say((2.5, 200))), say((0, 180), (1.5, 200)))
    assert scene.dial(NUMBER).code == 200
    assert_ended(scene, first, cseq=2)


def test_in_place_of_the_answer_to_the_cancel(scene: Scene) -> None:
    """The CANCEL crosses the answer."""

    def cross(incoming: Incoming) -> None:
        incoming.reply(100)
        incoming.reply(200, after=6.1)

    first, second = carriers_of(scene, cross, say((0, 180), (1.5, 200)))
    call = scene.dial(NUMBER)
    first.take_request = lambda incoming: take_all_but_cancel(first, incoming)  # type: ignore[method-assign]
    assert call.code == 200
    first.wait_for("CANCEL")
    assert_ended(scene, first)
    assert call.bye() == 200
    assert len(second.wait_for("BYE")) == 1


def take_all_but_cancel(agent: UserAgent, incoming: Incoming) -> None:
    """Say 200 to a CANCEL, and let the call go on all the same."""
    if incoming.method == "CANCEL":
        incoming.reply(200)
    else:
        UserAgent.take_request(agent, incoming)


def test_when_every_endpoint_was_given_up(scene: Scene) -> None:
    (only,) = carriers_of(scene, say((2.5, 200)))
    call = scene.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 No endpoint answered"
    assert_ended(scene, only)
    assert len(call.finals) == 1


@pytest.mark.parametrize("code", [486, 404])
def test_when_the_next_endpoint_reached_the_called_party(scene: Scene, code: int) -> None:
    first, _ = carriers_of(scene, say((3.5, 200)), answer(code))
    call = scene.dial(NUMBER)
    assert call.code == code
    assert_ended(scene, first)
    assert len(call.finals) == 1


@pytest.mark.parametrize("direction", ["both", "outbound"])
def test_long_after_the_call(scene: Scene, direction: str) -> None:
    """Kamailio has forgotten the transaction by then. An outbound endpoint is no source of calls."""
    (only,) = carriers_of(scene, say((9, 200)), direction=direction)
    call = scene.dial(NUMBER)
    assert call.code == 503
    assert_ended(scene, only)
    assert len(call.finals) == 1


def test_a_call_that_comes_back_and_fails_here(scene: Scene) -> None:
    """The carrier sends the call to our PBX, which is busy, then to somebody who takes it: one Call-ID, two ways."""
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    scene.pbx.behaviour = answer(486)

    def send_back(incoming: Incoming) -> None:
        headers = [("via", carrier.new_via("UDP")), *incoming.message.headers]
        back = Message(f"INVITE sip:14443332222@{scene.proxy} SIP/2.0", headers, incoming.message.body)
        link = incoming.wire.link_to(Uri.parse(f"sip:{scene.proxy}"))
        carrier.send(back, link, lambda final: incoming.reply(200) if final.code == 486 else None)

    carrier.behaviour = send_back
    call = scene.dial(NUMBER)
    assert call.code == 200
    settled()
    assert [scene.pbx.numbers, carrier.requests("BYE")] == [["14443332222"], []]
    assert call.bye() == 200


def test_the_same_call_again(scene: Scene) -> None:
    """A PBX that tries again with the same Call-ID makes a new call of it."""
    (only,) = carriers_of(scene, answer(503))
    call = scene.dial(NUMBER)
    assert call.code == 503
    only.behaviour = answer(200)
    again = call.again()
    assert again.code == 200
    settled(0.2)
    assert only.requests("BYE") == []
    assert again.bye() == 200


def test_when_the_caller_gave_up(scene: Scene) -> None:
    """Nothing can be cancelled at an endpoint that is silent."""
    first, second = carriers_of(scene, say((2.5, 200)), answer(200))
    call = scene.dial(NUMBER)
    first.wait_for("INVITE")
    assert call.cancel() == 200
    assert call.code == 487
    assert_ended(scene, first)
    assert [len(call.finals), second.received] == [1, []]


def test_through_the_endpoints_own_proxies(scene: Scene) -> None:
    """The requests take the way that its Record-Route names, the nearest proxy first."""
    first, _, proxy = carriers_of(scene, ring, say((0, 180), (1.5, 200)), answer(200))

    def recorded(incoming: Incoming) -> None:
        routes = [("record-route", f"<sip:{host};lr>") for host in ("127.30.8.99:9", proxy.host_port)]
        ours = incoming.message.all("record-route")
        incoming.message.headers = [header for header in incoming.message.headers if header[0] != "record-route"]
        incoming.reply(200, *routes, *(("record-route", route) for route in ours), after=2.5)

    first.behaviour = recorded
    assert scene.dial(NUMBER).code == 200
    (bye,) = proxy.wait_for("BYE")
    assert bye.message.all("route") == [f"<sip:{proxy.host_port};lr>", "<sip:127.30.8.99:9;lr>"]
    assert proxy.wait_for("ACK")[0].message.all("route") == bye.message.all("route")
    settled(0.1)
    assert first.requests("BYE") == []


def test_a_pbx_that_takes_a_call_too_late(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    scene.apply()
    scene.pbx.behaviour = say((2.5, 200))
    assert carrier.call("14443332222", scene.proxy).wait().start == "SIP/2.0 503 PBX does not answer"
    assert_ended(scene, scene.pbx)


def test_a_caller_whose_via_has_no_branch(scene: Scene) -> None:
    """A PBX of RFC 2543's time: nothing tells its calls from those that ended before."""
    (carrier,) = carriers_of(scene, answer(486))
    with Datagrams(PBX_ADDRESS, scene.proxy) as pbx:
        for _ in range(10):
            assert scene.dial(NUMBER).code == 486
        carrier.behaviour = answer(200)
        for number in range(10):
            invite = request("INVITE", f"sip:{NUMBER}@{scene.proxy}", pbx.host_port)
            pbx.send(re.sub(rb";branch=[^;]+", b"", invite))
            carrier.wait_for("INVITE", 11 + number)
            assert 200 in pbx.codes(5) + pbx.codes(0.2)
    assert carrier.requests("BYE") == []
    assert scene.errors() == []


def test_an_answer_that_copied_no_record_route(scene: Scene) -> None:
    def without_routes(incoming: Incoming) -> None:
        incoming.message.headers = [header for header in incoming.message.headers if header[0] != "record-route"]
        incoming.reply(200, after=2.5)

    first, _ = carriers_of(scene, without_routes, say((0, 180), (1.5, 200)))
    assert scene.dial(NUMBER).code == 200
    assert_ended(scene, first)


def test_an_answer_whose_contact_can_not_be_read(scene: Scene) -> None:
    """It is not ended at the place of somebody else."""
    first, second = carriers_of(scene, say((2.5, 200)), say((0, 180), (1.5, 200)))
    assert scene.dial(NUMBER).code == 200
    assert_ended(scene, first)

    def unreadable(incoming: Incoming) -> None:
        incoming.contact = f"<sip:{first.host_port}"
        incoming.reply(200, after=2.5)

    first.behaviour = unreadable
    assert scene.dial(NUMBER).code == 200
    settled(2)
    assert [len(first.requests("BYE")), second.requests("BYE")] == [1, []]
