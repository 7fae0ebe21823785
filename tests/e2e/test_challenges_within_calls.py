"""Challenges within calls: a carrier gets its own credential, whoever called, and nobody else gets a digest."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup, SourceNetwork
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account, new_nonce
from tests.e2e.sip.incoming import Challenge, Incoming, answer
from tests.e2e.sip.outgoing import Call

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("1000", "secret of one", "carrier.example")
NUMBER = "914443332222"
SHOWN = ("authorization", "proxy-authorization")


def digests(*agents: UserAgent) -> list[str]:
    """Return the methods of all requests in which agents were shown a credential."""
    return [
        incoming.method
        for agent in agents
        for incoming in agent.received
        if any(incoming.message.has(header) for header in SHOWN)
    ]


def group_with_credential(scene: Scene, carrier: UserAgent, **values: object) -> CarrierGroup:
    group = scene.group("Acme", to(carrier, **values))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    return group


def call_out(scene: Scene, carrier: UserAgent) -> Call:
    group_with_credential(scene, carrier, strip=1)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    return call


def call_in(scene: Scene, carrier: UserAgent, *, credential: bool = True) -> Incoming:
    """Let the carrier call the PBX, and return the call as it came in there."""
    if credential:
        group_with_credential(scene, carrier)
    else:
        scene.group("Acme", to(carrier))
    scene.apply()
    assert carrier.call("14443332222", scene.proxy).code == 200
    scene.pbx.wait_for("ACK")
    return scene.pbx.invites[0]


# --- The oracle


@pytest.mark.parametrize("code", [401, 407])
def test_a_pbx_gets_no_digest_by_an_uri_of_its_own(scene: Scene, code: int) -> None:
    carrier, oracle = scene.carrier(), scene.stranger()
    oracle.within_calls = oracle.behaviour = Challenge(ACCOUNT, code)
    scene.pbx.within_calls = Challenge(ACCOUNT, code)
    call = call_out(scene, carrier)
    ours = call.dialog(call.wait()).routes
    for agent in (oracle, scene.pbx):
        for method in ("INVITE", "INFO", "BYE"):
            for forged in (
                {"target": f"sip:x@{agent.host_port}"},
                {"routes": [*ours, f"<sip:{agent.host_port};lr>"]},
                {"routes": [*ours, f"<sip:{agent.host_port}>"]},
            ):
                assert call.ask(method, **forged).code == 403
    settled()
    assert (oracle.received, scene.pbx.received) == ([], [])
    assert call.bye() == 200
    assert digests(carrier, oracle, scene.pbx) == []


def test_who_stands_at_the_carriers_contact_gets_no_digest(scene: Scene) -> None:
    """A subscriber behind the carrier, who asks in its realm: our digest is for the carrier alone."""
    carrier, subscriber = scene.carrier(), scene.stranger()
    subscriber.within_calls = Challenge(ACCOUNT)
    carrier.contact = f"sip:{subscriber.host_port}"
    call = call_out(scene, carrier)
    assert call.ask("INFO").code == 403
    assert call.bye() == 403
    assert [incoming.method for incoming in subscriber.received if incoming.method != "ACK"] == ["INFO", "BYE"]
    assert digests(carrier, subscriber) == []
    assert f"{subscriber.address} asks for a credential within a call, and is no address of that carrier" in (
        scene.report()
    )


def test_another_address_of_the_carrier_gets_it(scene: Scene) -> None:
    carrier, media_server = scene.carrier(), scene.carrier(address="127.30.6.77")
    media_server.within_calls = within = Challenge(ACCOUNT)
    carrier.contact = f"sip:{media_server.host_port}"
    group = group_with_credential(scene, carrier)
    SourceNetwork.objects.create(group=group, network="127.30.6.0/24")
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert (call.bye(), within.faults) == (200, [])
    assert digests(carrier, media_server) == ["BYE"]


def test_an_address_of_another_carrier_does_not(scene: Scene) -> None:
    carrier, other = scene.carrier(), scene.carrier()
    other.within_calls = Challenge(ACCOUNT)
    carrier.contact = f"sip:{other.host_port}"
    scene.group("Other", to(other))
    call = call_out(scene, carrier)
    assert call.bye() == 403
    assert digests(carrier, other) == []


def test_once_for_each_request_and_for_its_realm_only(scene: Scene) -> None:
    carrier = scene.carrier()
    call = call_out(scene, carrier)
    carrier.within_calls = answer(407)
    assert call.ask("INFO").code == 403
    carrier.within_calls = Challenge(Account("1000", ACCOUNT.password, "elsewhere.example"))
    assert call.ask("INFO").code == 403
    assert digests(carrier) == []
    carrier.within_calls = Challenge(Account("1000", "another secret", ACCOUNT.realm), refusal=407)
    assert call.ask("INFO").code == 403
    assert digests(carrier) == ["INFO"]
    assert len(carrier.requests("INFO")) == 4


def test_what_a_side_shows_of_its_own_credentials_stays_here(scene: Scene) -> None:
    carrier = scene.carrier()
    call = call_out(scene, carrier)
    headers = tuple((header, 'Digest username="pbx"') for header in SHOWN)
    assert call.ask("INFO", headers=headers).code == 200
    assert carrier.ask_within(carrier.invites[0].dialog(), "INFO", headers=headers).code == 200
    assert digests(carrier, scene.pbx) == []


def test_behind_failover_each_carrier_gets_its_own(scene: Scene) -> None:
    other = Account("2000", "secret of two", "two.example")
    first, second = scene.carrier(answer(503, 183)), scene.carrier(Challenge(other))
    second.within_calls = within = Challenge(other)
    groups = [scene.group("First", to(first)), scene.group("Second", to(second, strip=1))]
    scene.credential(groups[0], ACCOUNT, first, register=False)
    scene.credential(groups[1], other, second, register=False)
    scene.route("9", *groups)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert (call.reinvite(), call.bye(), within.faults) == (200, 200, [])
    assert digests(first, second) == ["INVITE", "INVITE", "BYE"]


# --- Calls of a carrier


@pytest.mark.parametrize("code", [401, 407])
def test_in_a_call_of_a_carrier_its_challenge_is_answered(scene: Scene, code: int) -> None:
    carrier = scene.carrier()
    carrier.within_calls = within = Challenge(ACCOUNT, code)
    incoming = call_in(scene, carrier)
    dialog = incoming.dialog()
    contact = (("contact", f"<sip:{scene.pbx.host_port}>"),)
    assert scene.pbx.ask_within(dialog, "INVITE", headers=contact).code == 200
    carrier.wait_for("ACK", 2)
    assert scene.pbx.ask_within(dialog, "INFO").code == 200
    assert scene.pbx.hang_up(incoming) == 200
    assert within.faults == []
    assert [message.method for message in within.accepted] == ["INVITE", "INFO", "BYE"]
    asked = [message.cseq for message in (request.message for request in carrier.received)]
    assert asked == [
        *((1, "INVITE"), (1, "ACK"), (2, "INVITE"), (2, "ACK")),
        *((3, "INFO"), (4, "INFO"), (5, "BYE"), (6, "BYE")),
    ], "CSeq must rise with every request, and an ACK has its INVITE's"


def test_what_the_pbx_sees_of_it_is_its_own_cseq(scene: Scene) -> None:
    carrier = scene.carrier()
    carrier.within_calls = Challenge(ACCOUNT)
    dialog = call_in(scene, carrier).dialog()
    contact = (("contact", f"<sip:{scene.pbx.host_port}>"),)
    answers = [
        scene.pbx.ask_within(dialog, "INVITE", headers=contact),
        scene.pbx.ask_within(dialog, "INFO"),
    ]
    carrier.within_calls = answer(488)
    answers.append(scene.pbx.ask_within(dialog, "INVITE", headers=contact))
    assert [(final.code, final.cseq) for final in answers] == [
        (200, (1, "INVITE")),
        (200, (2, "INFO")),
        (488, (3, "INVITE")),
    ]
    settled()
    assert [incoming.message.cseq[0] for incoming in carrier.requests("ACK")] == [1, 2, 5]


def test_a_call_of_a_carrier_without_a_credential(scene: Scene) -> None:
    carrier = scene.carrier()
    carrier.within_calls = Challenge(ACCOUNT)
    incoming = call_in(scene, carrier, credential=False)
    refusal = scene.pbx.ask_within(incoming.dialog(), "INFO")
    assert (refusal.code, refusal.has("proxy-authenticate")) == (403, False)
    assert digests(carrier) == []


def test_a_stranger_at_the_contact_of_a_calling_carrier(scene: Scene) -> None:
    carrier, stranger = scene.carrier(), scene.stranger()
    stranger.within_calls = Challenge(ACCOUNT)
    carrier.contact = f"sip:{stranger.host_port}"
    incoming = call_in(scene, carrier)
    assert scene.pbx.hang_up(incoming) == 403
    assert digests(carrier, stranger) == []


@pytest.mark.parametrize("outgoing", [True, False], ids=["call of the PBX", "call of the carrier"])
def test_a_challenge_of_the_pbx_reaches_no_credential(scene: Scene, outgoing: bool) -> None:
    carrier = scene.carrier()
    scene.pbx.within_calls = Challenge(ACCOUNT)
    if outgoing:
        call_out(scene, carrier)
        refusal = carrier.ask_within(carrier.invites[0].dialog(), "INFO")
    else:
        group_with_credential(scene, carrier)
        scene.apply()
        call = carrier.call("14443332222", scene.proxy)
        assert call.code == 200
        refusal = call.ask("INFO")
    assert (refusal.code, refusal.reason) == (403, "PBX asks for a password")
    assert digests(scene.pbx, carrier) == []


@pytest.mark.parametrize("code", [401, 407])
def test_a_stale_nonce_is_answered_once_more_in_a_call(scene: Scene, code: int) -> None:
    asking, answering = {
        401: ("www-authenticate", "authorization"),
        407: ("proxy-authenticate", "proxy-authorization"),
    }[code]
    nonces: list[str] = []
    faults: list[str] = []

    def challenge(incoming: Incoming) -> None:
        request = incoming.message
        if request.has(answering):
            faults.append(ACCOUNT.fault(request, nonces[-1], answering))
            if len(nonces) == 2:
                incoming.reply(200)
                return
        nonces.append(new_nonce())
        stale = ", stale=TRUE" if len(nonces) == 2 else ""
        incoming.reply(code, (asking, f"{ACCOUNT.challenge(nonces[-1])}{stale}"))

    carrier = scene.carrier(challenge)
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial("91")
    assert (call.code, faults) == (200, ["", ""])
    carrier.wait_for("ACK", 3)
    assert call.bye() == 200
    sent = [incoming.message.cseq for incoming in carrier.received if incoming.method != "ACK"]
    assert sent == [(1, "INVITE"), (2, "INVITE"), (3, "INVITE"), (4, "BYE")]
