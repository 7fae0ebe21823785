"""Carriers that ask for a password when we call: answered with their own credential, once, on every attempt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account, parameters
from tests.e2e.sip.incoming import Challenge, Incoming, answer, refuse, ring, stay_silent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("1000", 'se"cret of one', "carrier.example")
OTHER = Account("2000", "secret of another", "asterisk", qop="")
NUMBER = "914443332222"


def credentials_shown(incoming: Incoming) -> dict[str, str]:
    """Return what a request shows of a credential, in either of its two headers."""
    message = incoming.message
    return parameters(message.get("authorization")) | parameters(message.get("proxy-authorization"))


def cseqs(carrier: UserAgent) -> list[tuple[int, str]]:
    return [incoming.message.cseq for incoming in carrier.received]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("qop", ["auth", ""], ids=["qop", "no qop"])
@pytest.mark.parametrize("code", [401, 407])
def test_a_challenge_is_answered_unseen_by_the_pbx(scene: Scene, code: int, qop: str, transport: str) -> None:
    account = replace(ACCOUNT, qop=qop)
    challenge = Challenge(account, code, then=answer(200, 180))
    carrier = scene.carrier(challenge)
    group = scene.group("Acme", to(carrier, strip=1, transport=transport))
    scene.credential(group, account, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert (call.code, challenge.faults) == (200, [])
    assert [final.code for final in call.finals] == [200]
    assert set(call.provisionals) <= {100, 180}
    suffix = "" if transport == "udp" else ";transport=tcp"
    assert carrier.uris == [f"sip:14443332222@{carrier.host_port}{suffix}"] * 2
    carrier.wait_for("ACK", 2)
    assert call.bye() == 200
    assert cseqs(carrier) == [(1, "INVITE"), (1, "ACK"), (2, "INVITE"), (2, "ACK"), (3, "BYE")]
    assert len({incoming.message.call_id for incoming in carrier.received}) == 1


@pytest.mark.parametrize(
    "account",
    [replace(ACCOUNT, opaque="00ff"), replace(ACCOUNT, qop="auth,auth-int"), replace(OTHER, opaque="o")],
    ids=["opaque", "a choice of qop", "opaque without qop"],
)
def test_challenges_of_other_forms(scene: Scene, account: Account) -> None:
    challenge = Challenge(account)
    carrier = scene.carrier(challenge)
    group = scene.group("Acme", to(carrier))
    scene.credential(group, account, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    assert (scene.dial(NUMBER).code, challenge.faults) == (200, [])


def test_a_challenging_carrier_hangs_up(scene: Scene) -> None:
    carrier = scene.carrier(Challenge(ACCOUNT))
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    carrier.wait_for("ACK", 2)
    assert carrier.hang_up(carrier.invites[1]) == 200
    assert len(scene.pbx.wait_for("BYE")) == 1


def test_a_carrier_that_asks_again_within_the_call(scene: Scene) -> None:
    within = Challenge(ACCOUNT)
    carrier = scene.carrier(Challenge(ACCOUNT))
    carrier.within_calls = within
    group = scene.group("Acme", to(carrier, strip=1))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert call.reinvite() == 200
    assert call.bye() == 200
    assert within.faults == []
    assert [message.method for message in within.accepted] == ["INVITE", "BYE"]
    numbers = [number for number, method in cseqs(carrier) if method != "ACK"]
    assert numbers == sorted(set(numbers)), "CSeq must rise with every request"


def test_a_carrier_that_asks_within_the_call_only(scene: Scene) -> None:
    carrier = scene.carrier()
    carrier.within_calls = within = Challenge(ACCOUNT, 401)
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert (call.bye(), within.faults, len(within.accepted)) == (200, [], 1)


def test_failover_from_a_rejected_credential_to_another_to_none(scene: Scene) -> None:
    """Each carrier sees its own group's credential and nobody else's; CSeq is counted for each by itself."""
    wrong = replace(ACCOUNT, password="not the password")
    rejecting, failing = Challenge(ACCOUNT, 407), Challenge(OTHER, 401, then=answer(503))
    first, second, third = scene.carrier(rejecting), scene.carrier(failing), scene.carrier()
    groups = [
        scene.group("First", to(first, strip=1)),
        scene.group("Second", to(second, strip=2, prefix="+1")),
        scene.group("Third", to(third, prefix="00")),
    ]
    scene.credential(groups[0], wrong, first, register=False)
    scene.credential(groups[1], OTHER, second, register=False)
    scene.route("9", *groups)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert rejecting.faults == ["the password is wrong"]
    assert (failing.faults, len(failing.accepted)) == ([], 1)
    shown = [[credentials_shown(invite).get("username") for invite in carrier.invites] for carrier in (first, second)]
    assert shown == [[None, "1000"], [None, "2000"]]
    assert [credentials_shown(invite) for invite in third.invites] == [{}]
    for header in ("authorization", "proxy-authorization"):
        assert not third.invites[0].message.has(header)
        assert [second.invites[0].message.has(header)] == [False]
    assert [first.numbers, second.numbers, third.numbers] == [
        ["14443332222"] * 2,
        ["+14443332222"] * 2,
        ["00914443332222"],
    ]
    third.wait_for("ACK")
    assert call.bye() == 200
    assert [final.code for final in call.finals] == [200]
    for carrier in (first, second):
        carrier.wait_for("ACK", 2)
        assert cseqs(carrier) == [(1, "INVITE"), (1, "ACK"), (2, "INVITE"), (2, "ACK")]
    assert cseqs(third) == [(1, "INVITE"), (1, "ACK"), (2, "BYE")]


def test_silence_after_the_answer_to_a_challenge(scene: Scene) -> None:
    challenge = Challenge(ACCOUNT, then=stay_silent)
    carrier, second = scene.carrier(challenge), scene.carrier()
    group = scene.group("Acme", to(carrier, strip=1), to(second, strip=2))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert carrier.invites[-1].retransmissions <= 2, "the third would have come 3.5 s later"
    assert (len(challenge.accepted), second.numbers, credentials_shown(second.invites[0])) == (1, ["4443332222"], {})


def test_cancel_after_the_answer_to_a_challenge(scene: Scene) -> None:
    challenge = Challenge(ACCOUNT, then=ring)
    carrier, second = scene.carrier(challenge), scene.carrier()
    group = scene.group("Acme", to(carrier), to(second))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert call.code == 487
    assert carrier.wait_for("CANCEL")[0].message.cseq == (2, "CANCEL")
    settled()
    assert second.received == []


def test_two_endpoints_of_one_group_are_each_answered_once(scene: Scene) -> None:
    challenges = [Challenge(ACCOUNT, 407, then=answer(503)), Challenge(ACCOUNT, 407)]
    carriers = [scene.carrier(challenge) for challenge in challenges]
    group = scene.group("Acme", *(to(carrier, strip=1) for carrier in carriers))
    scene.credential(group, ACCOUNT, carriers[0], register=False)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert [len(carrier.invites) for carrier in carriers] == [2, 2]
    assert [[challenge.faults, len(challenge.accepted)] for challenge in challenges] == [[[], 1], [[], 1]]


@pytest.mark.parametrize("refusal", [403, 407, 401])
def test_a_rejected_password_is_one_failure_and_no_loop(scene: Scene, refusal: int) -> None:
    challenge = Challenge(ACCOUNT, 407, refusal=refusal)
    carrier = scene.carrier(challenge)
    group = scene.group("Acme", to(carrier))
    scene.credential(group, replace(ACCOUNT, password="not the password"), carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 Credential rejected"
    settled()
    assert [len(carrier.invites), len(call.finals)] == [2, 1]
    assert challenge.faults == ["the password is wrong"]


def test_another_realm_than_the_credentials(scene: Scene) -> None:
    carrier, second = scene.carrier(Challenge(ACCOUNT)), scene.carrier()
    group = scene.group("Acme", to(carrier, strip=1), to(second, strip=2))
    scene.credential(group, ACCOUNT, carrier, register=False, realm="elsewhere.example")
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert [len(carrier.invites), second.numbers] == [1, ["4443332222"]]
    assert credentials_shown(second.invites[0]) == {}


def test_a_carrier_that_challenges_without_having_given_a_credential(scene: Scene) -> None:
    carrier = scene.carrier(Challenge(ACCOUNT))
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 Credential rejected"
    assert not call.wait().has("proxy-authenticate")
    assert len(carrier.invites) == 1


def test_what_the_pbx_shows_of_its_own_credentials_stays_here(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    headers = (("authorization", 'Digest username="pbx"'), ("proxy-authorization", 'Digest username="pbx"'))
    assert scene.dial(NUMBER, headers=headers).code == 200
    assert credentials_shown(carrier.invites[0]) == {}


def test_an_auth_username_of_its_own_and_the_registrars_host_as_the_realm(scene: Scene) -> None:
    challenge = Challenge(Account("auth-1000", ACCOUNT.password, "127.30.8.250"))
    carrier = scene.carrier(challenge, address="127.30.8.250")
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False, realm="", auth_username="auth-1000")
    scene.route("9", group)
    scene.apply()
    assert (scene.dial(NUMBER).code, challenge.faults) == (200, [])


def test_a_new_password_holds_from_the_next_reload_on(scene: Scene) -> None:
    challenge = Challenge(ACCOUNT)
    carrier = scene.carrier(challenge)
    group = scene.group("Acme", to(carrier))
    credential = scene.credential(group, replace(ACCOUNT, password="the old one"), carrier, register=False)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 503
    credential.set_password(ACCOUNT.password)
    credential.save()
    assert scene.dial(NUMBER).code == 503
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert challenge.faults == ["the password is wrong"] * 2


@pytest.mark.parametrize("challenges", [(), ('Digest realm="carrier.example", nonce="1", algorithm=SHA-256',)])
def test_a_challenge_that_cannot_be_answered_is_called_so(scene: Scene, challenges: tuple[str, ...]) -> None:
    """The log does not blame the realm, and uac_auth is not asked for what it can't do."""
    headers = tuple(("www-authenticate", challenge) for challenge in challenges)
    carrier = scene.carrier(refuse(401, *headers))
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).wait().start == "SIP/2.0 503 Credential rejected"
    assert "asks for a password, but with no MD5 digest" in scene.report()
    assert "another realm" not in scene.report()
    assert scene.errors() == []
