"""Registrars that answer in odd ways: taken as they mean it, and never asked again every two seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from carriers.models import CarrierGroup
from carriers.snapshots.records import read_carriers
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.probes import Probe
from kamailio_bridge.questions.registrations import Registration, registrations
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account, new_nonce
from tests.e2e.sip.incoming import Incoming
from tests.e2e.sip.message import Uri, parameter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("1000", "secret of one", "carrier.example")
SOME_TICKS = 4.5  # s; Kamailio looks every 2 s, so what it would repeat at once shows twice in that time
Reply = Callable[[Incoming], None]


class OddRegistrar:
    """Ask for the password, then do as ``accept`` says; ``stale`` nonces are refused that many times."""

    def __init__(self, accept: Reply, *, stale: int = 0) -> None:
        self.accept = accept
        self.stale = stale
        self.faults: list[str] = []
        self._nonce = ""

    def __call__(self, incoming: Incoming) -> None:
        request = incoming.message
        if not request.has("authorization"):
            self._ask(incoming, "")
        elif fault := ACCOUNT.fault(request, self._nonce, "authorization"):
            self.faults.append(fault)
            incoming.reply(403)
        elif self.stale:
            self.stale -= 1
            self._ask(incoming, ", stale=true")
        else:
            self.accept(incoming)

    def _ask(self, incoming: Incoming, more: str) -> None:
        self._nonce = new_nonce()
        incoming.reply(401, ("www-authenticate", ACCOUNT.challenge(self._nonce) + more))


def contact_of(incoming: Incoming) -> str:
    return incoming.message.get("contact")


def accept(*headers: str) -> Reply:
    """Answer 200 with these headers, where CONTACT stands for what the request says."""

    def reply(incoming: Incoming) -> None:
        texts = [header.replace("CONTACT", contact_of(incoming)) for header in headers]
        incoming.reply(200, *((name.lower(), value) for name, _, value in (text.partition(": ") for text in texts)))

    return reply


def refuse(code: int, *headers: tuple[str, str]) -> Reply:
    return lambda incoming: incoming.reply(code, *headers)


def registering(scene: Scene, behaviour: Reply, **values: Any) -> tuple[UserAgent, CarrierGroup]:
    registrar = scene.carrier(behaviour)
    registrar.within_calls = behaviour
    group = scene.group(f"Group {registrar.address}", to(registrar))
    scene.credential(group, ACCOUNT, registrar, **values)
    scene.apply()
    return registrar, group


def state_of(scene: Scene, group: CarrierGroup) -> Registration:
    return registrations(read_carriers(), [scene.node])[group.pk]


def wait_for_state(scene: Scene, group: CarrierGroup, state: str) -> Registration:
    deadline = time.monotonic() + 15
    while (found := state_of(scene, group)).state != state:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def kept(scene: Scene) -> dict[str, Any]:
    """Return what the node keeps of registrars."""
    slots = scene.node.rpc.call("htable.dump", "registrars")
    items = [slot["slot"] if isinstance(slot["slot"], list) else [slot["slot"]] for slot in slots]
    return {item["name"]: item["value"] for slot in items for item in slot}


def seconds_until_due(scene: Scene, group: CarrierGroup) -> float:
    return float(kept(scene)[f"due:carrier-{group.pk}"]) - time.time()


def try_now(scene: Scene, registrar: UserAgent, group: CarrierGroup) -> None:
    """Let the node think that the time of its next try has come, and wait for what comes of it."""
    before = len(registrar.requests("REGISTER"))
    scene.node.rpc.call("htable.seti", "registrars", f"due:carrier-{group.pk}", 1)
    deadline = time.monotonic() + 15
    while len(registrar.requests("REGISTER")) == before or f"carrier-{group.pk}" not in kept(scene):
        assert time.monotonic() < deadline, "it does not try again"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (accept("Contact: CONTACT;expires=120"), 120),
        (accept('Contact: "x" CONTACT;q=0.5;Expires = 120'), 120),
        (accept("Contact: <sip:other@192.0.2.1>;expires=20, CONTACT;expires=120"), 120),
        (accept("Contact: <sip:other@192.0.2.1>;expires=20", "Contact: CONTACT;expires=120"), 120),
        (accept("Contact: CONTACT", "Expires: 120"), 120),
        (accept("Contact: CONTACT"), 600),
        (accept("Expires: 120"), 120),
        (accept(), 600),
        (accept("Contact: *"), 600),
        (accept("Contact: <sip:as-i-call-it@192.0.2.1:5060>;expires=120"), 120),
        (accept("Contact: <sip:other@192.0.2.1>;expires=3000"), 600),
        (accept("Contact: CONTACT;expires=3000"), 3000),
        (accept("Contact: CONTACT;expires=99999999999"), 600),
        (accept("Contact: CONTACT;expires=soon"), 600),
    ],
    ids=[
        "expires", "other parameters", "another contact before", "another header before", "an Expires header",
        "no time at all", "no Contact, Expires", "no Contact", "a star", "another name for ours",
        "only somebody else's, for longer", "ours, for longer",
        "too long", "no number",
    ],
)  # fmt: skip
def test_an_acceptance_in_another_form(scene: Scene, reply: Reply, seconds: int) -> None:
    registrar, group = registering(scene, OddRegistrar(reply), expires=600)
    registration = wait_for_state(scene, group, "registered")
    assert registration.until is not None
    assert registration.until - time.time() == pytest.approx(seconds, abs=30)
    settled(SOME_TICKS)
    assert len(registrar.requests("REGISTER")) == 2


@pytest.mark.parametrize(
    ("reply", "granted"),
    [
        (accept("Contact: CONTACT;expires=0"), 0),
        (accept("Contact: CONTACT;expires=3"), 3),
        (accept("Expires: 0"), 0),
        (accept("Contact: CONTACT", "Expires: 0"), 0),
    ],
    ids=["0", "3", "no Contact, Expires 0", "Expires 0"],
)
def test_a_registrar_that_grants_no_usable_time(scene: Scene, reply: Reply, granted: int) -> None:
    registrar, group = registering(scene, OddRegistrar(reply))
    registration = wait_for_state(scene, group, "not kept")
    assert f"grants only {granted} s" in registration.sentence
    assert registration.words == f"Accepted for {granted} s only"
    settled(SOME_TICKS)
    assert len(registrar.requests("REGISTER")) == 2
    assert 15 < seconds_until_due(scene, group) <= 30
    try_now(scene, registrar, group)
    assert state_of(scene, group).state == "not kept"


@pytest.mark.parametrize(
    ("stale", "state", "registers"), [(1, "registered", 3), (2, "registered", 4), (99, "rejected", 4)]
)
def test_a_stale_nonce_is_answered_once_more(scene: Scene, stale: int, state: str, registers: int) -> None:
    """A cluster of registrars, of which none knows its neighbour's nonce, gets one more try, and not one every 2 s."""
    odd = OddRegistrar(accept("Contact: CONTACT;expires=120"), stale=stale)
    registrar, group = registering(scene, odd)
    registration = wait_for_state(scene, group, state)
    settled(SOME_TICKS)
    assert (len(registrar.requests("REGISTER")), odd.faults) == (registers, [])
    assert state == "registered" or "401" in registration.sentence


def ask_of_credential(scene: Scene, group: CarrierGroup) -> Probe:
    """Return what *Test credential* says."""
    return check_credential(read_carriers(), group.pk, [scene.node])


def test_the_test_of_a_credential_tells_of_a_registration_that_does_not_last(scene: Scene) -> None:
    _, group = registering(scene, OddRegistrar(accept("Contact: CONTACT;expires=0")))
    wait_for_state(scene, group, "not kept")
    probe = ask_of_credential(scene, group)
    assert (probe.ok, probe.verdict) == (False, "rejected")
    assert "accepts the username and password. But the registration fails: " in probe.sentence
    assert "grants only 0 s" in probe.sentence


def test_the_test_of_a_credential_answers_a_stale_nonce_as_the_node_does(scene: Scene) -> None:
    odd = OddRegistrar(accept("Contact: CONTACT;expires=120"))
    _, group = registering(scene, odd)
    wait_for_state(scene, group, "registered")
    odd.stale = 1
    assert ask_of_credential(scene, group).verdict == "accepted"
    odd.stale = 2
    assert (ask_of_credential(scene, group).verdict, odd.faults) == ("rejected", [])


@pytest.mark.parametrize("code", [403, 404])
def test_a_rejected_account_is_tried_less_and_less_often(scene: Scene, code: int) -> None:
    registrar, group = registering(scene, OddRegistrar(refuse(code)))
    wait_for_state(scene, group, "rejected")
    waits = []
    for _ in range(6):
        waits.append(seconds_until_due(scene, group))
        try_now(scene, registrar, group)
    assert waits == pytest.approx([30, 60, 120, 240, 300, 300], abs=20)
    left = re.search(r"Next try in (\d+) s", state_of(scene, group).sentence)
    assert left is not None
    assert int(left[1]) == pytest.approx(300, abs=20)


def test_a_new_password_is_tried_at_once(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme", to(registrar))
    credential = scene.credential(group, Account("1000", "not the password", ACCOUNT.realm), registrar)
    scene.apply()
    wait_for_state(scene, group, "rejected")
    try_now(scene, registrar, group)
    assert seconds_until_due(scene, group) > 40
    credential.set_password(ACCOUNT.password)
    credential.save()
    scene.apply()
    registrar.wait_until_registered("1000")


@pytest.mark.parametrize(
    ("least", "registers"), [("1200", 4), ("100", 2), ("", 2)], ids=["longer", "not longer", "none named"]
)
def test_an_interval_too_brief(scene: Scene, least: str, registers: int) -> None:
    def reply(incoming: Incoming) -> None:
        if int(incoming.message.get("expires")) < 1200:
            incoming.reply(423, *([("min-expires", least)] if least else []))
        else:
            accept("Contact: CONTACT;expires=1200")(incoming)

    registrar, group = registering(scene, OddRegistrar(reply), expires=600)
    registration = wait_for_state(scene, group, "registered" if registers == 4 else "rejected")
    if registers == 2:
        assert "423" in registration.sentence
        assert "expires" in registration.sentence
    settled(SOME_TICKS)
    assert len(registrar.requests("REGISTER")) == registers


@pytest.mark.parametrize("code", [301, 302, 305])
def test_an_account_that_was_moved(scene: Scene, code: int) -> None:
    _, group = registering(scene, refuse(code, ("contact", "<sip:192.0.2.77:5070;transport=tcp>")))
    registration = wait_for_state(scene, group, "rejected")
    assert "192.0.2.77:5070" in registration.sentence
    assert "registration server" in registration.sentence


@pytest.mark.parametrize(("after", "wait"), [("120", 120), ("5", 30), ("9999", 300), ("90;duration=60", 90)])
def test_a_registrar_that_names_a_time_to_come_back(scene: Scene, after: str, wait: int) -> None:
    _, group = registering(scene, refuse(503, ("retry-after", after)))
    wait_for_state(scene, group, "rejected")
    assert seconds_until_due(scene, group) == pytest.approx(wait, abs=20)


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="carrier.example", nonce="1", algorithm=SHA-256',
        'Digest realm="carrier.example", nonce="1", algorithm=MD5-sess, qop="auth"',
        'Digest realm="carrier.example", nonce="1", qop="auth-int"',
        'Digest realm="carrier.example"',
        'Digest realm="carrier.example, nonce="1',
        r'Digest realm="carrier \"example\"", nonce="1"',
        'Basic realm="carrier.example"',
        "Digest",
        ", , =, \"",
        f'Digest realm="{"r" * 5000}", nonce="1"',
        'Digest realm="carrier.example", nonce="' + "n" * 5000 + '"',
    ],
    ids=[
        "SHA-256", "MD5-sess", "auth-int", "no nonce", "a quote left open", "quotes in the realm", "Basic",
        "nothing in it", "garbage", "a long realm", "a long nonce",
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_said(scene: Scene, challenge: str) -> None:
    registrar, group = registering(scene, refuse(401, ("www-authenticate", challenge)))
    registration = wait_for_state(scene, group, "rejected")
    assert "MD5" in registration.sentence
    settled(SOME_TICKS)
    assert len(registrar.requests("REGISTER")) == 1
    assert max(len(str(value)) for value in kept(scene).values()) <= 120
    probe = ask_of_credential(scene, group)
    assert probe.verdict == "no challenge"
    assert "none of its challenges is an MD5 digest" in probe.sentence


def test_the_contact_is_reachable_by_the_transport_of_the_registration(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    scene.credential(scene.group("Acme", to(registrar)), ACCOUNT, registrar, transport="tcp")
    scene.apply()
    registrar.wait_until_registered("1000")
    contacts = {incoming.message.get("contact").partition("@")[2] for incoming in registrar.registers()}
    assert contacts == {f"{scene.proxy};transport=tcp>"}
    contact = Uri.parse(registrar.bindings["1000"].contact)
    assert contact.transport == "tcp"
    uri = registrar.bindings["1000"].contact
    assert parameter(uri, "transport") == "tcp"
