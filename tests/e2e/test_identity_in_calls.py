"""Changed callers at odd moments of a call: CANCEL, late answers, early requests, a restart; and strict carriers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from carriers.models import CarrierGroup
from tests.e2e.scene import Scene, scene_on_own_node, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, Incoming, answer, ring, say
from tests.e2e.sip.message import Message, Uri
from tests.e2e.sip.outgoing import Call

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("trunk77", "secret of a trunk", "carrier.example")
NUMBER = "914443332222"
CALLER = "+4930123456"
PBX_FROM = f'"Ada" <sip:{CALLER}@pbx.example;user=phone>'
DOMAIN = "sip.carrier.example"
CHANGED: dict[str, Any] = {
    "from_user": "account",
    "from_domain": "fixed",
    "from_domain_value": DOMAIN,
    "to_domain": "fixed",
    "to_domain_value": DOMAIN,
    "preferred_identity": "caller",
}
Fault = Callable[[Message], str]


class StrictCarrier:
    """Refuse every request, within calls too, whose identity is not what the carrier's manual asks for."""

    def __init__(self, fault: Fault, then: Behaviour) -> None:
        self.fault, self.then = fault, then
        self.faults: list[str] = []

    def __call__(self, incoming: Incoming) -> None:
        found = self.fault(incoming.message)
        if found:
            self.faults.append(f"{incoming.method}: {found}")
            incoming.reply(403)
        else:
            self.then(incoming)


def uri_of(value: str) -> str:
    return value.partition("<")[2].partition(">")[0] if "<" in value else value.partition(";")[0]


def of_the_account(message: Message) -> str:
    """Say what is wrong with a request of our account, "" for nothing."""
    if uri_of(message.get("from")) != f"sip:trunk77@{DOMAIN}":
        return message.get("from")
    if uri_of(message.get("to")) != f"sip:14443332222@{DOMAIN}":
        return message.get("to")
    wants = message.method == "INVITE" and ";tag=" not in message.get("to")
    return "" if not wants or Uri.parse(message.get("p-preferred-identity")).user == CALLER else "no number"


def strict(scene: Scene, then: Behaviour, **values: Any) -> tuple[UserAgent, StrictCarrier, CarrierGroup]:
    """Add a strict carrier that challenges, and its group with the prefix 9."""
    behaviour = StrictCarrier(of_the_account, Challenge(ACCOUNT, then=then))
    carrier = scene.carrier(behaviour)
    carrier.within_calls = StrictCarrier(of_the_account, answer(200))
    group = scene.group("Acme", to(carrier, strip=1, **values), **CHANGED)
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    return carrier, behaviour, group


def assert_never_wrong(carrier: UserAgent, count: int) -> None:
    """Every request that the carrier got, ACK and CANCEL included, named the account."""
    assert len(carrier.received) == count, [incoming.method for incoming in carrier.received]
    for incoming in carrier.received:
        assert of_the_account(incoming.message) == "", incoming.message


def dial(scene: Scene) -> Call:
    return scene.dial(NUMBER, sender=PBX_FROM)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_strict_carrier(scene: Scene, transport: str) -> None:
    carrier, behaviour, _ = strict(scene, answer(200, 180), transport=transport)
    call = dial(scene)
    assert (call.code, behaviour.faults) == (200, [])
    carrier.wait_for("ACK", 2)
    assert call.reinvite() == 200
    assert call.ask("INFO").code == 200
    assert call.bye() == 200
    assert_never_wrong(carrier, 4 + 2 + 1 + 1)
    assert scene.errors() == []


def test_a_strict_carrier_refuses_what_the_pbx_sends(scene: Scene) -> None:
    """The other way round: without the settings the same carrier takes no call."""
    _, behaviour, group = strict(scene, answer(200))
    CarrierGroup.objects.filter(pk=group.pk).update(from_user="as_sent")
    scene.apply()
    assert dial(scene).code == 503
    assert len(behaviour.faults) == 1
    assert f"sip:{CALLER}@{DOMAIN}" in behaviour.faults[0]


def test_cancel(scene: Scene) -> None:
    carrier, behaviour, _ = strict(scene, ring)
    call = dial(scene)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert (call.code, behaviour.faults) == (487, [])
    carrier.wait_for("ACK", 2)
    assert_never_wrong(carrier, 5)


def test_requests_before_the_answer(scene: Scene) -> None:
    carrier, _, _ = strict(scene, say((0, 183), (1.0, 200)))
    call = dial(scene)
    call.wait_for_provisional(183)
    assert call.ask("UPDATE", headers=(("contact", call.invite.get("contact")),)).code == 200
    early = carrier.ask_within(
        carrier.invites[1].dialog(), "UPDATE", headers=(("contact", f"<sip:{carrier.host_port}>"),)
    )
    assert early.code == 200
    got = scene.pbx.requests("UPDATE")[0].message
    assert uri_of(got.get("to")) == uri_of(call.invite.get("from"))
    assert call.code == 200
    assert_never_wrong(carrier, len(carrier.wait_for("ACK", 2)) + 2 + 1)


def test_a_late_answer_is_ended_with_the_same_caller(scene: Scene) -> None:
    carrier, _, group = strict(scene, say((2.5, 200)))
    backup = scene.carrier(say((0, 180), (1.5, 200)))
    scene.group("Backup", to(backup))
    scene.route("91", group, CarrierGroup.objects.get(name="Backup"))
    scene.apply()
    call = dial(scene)
    assert call.code == 200
    carrier.wait_for("BYE")
    assert_never_wrong(carrier, 5)
    assert uri_of(backup.invites[0].message.get("from")) == uri_of(call.invite.get("from"))
    assert call.bye() == 200


@pytest.fixture
def restarted(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    """Set the scene at a node of its own, which the test may restart."""
    with scene_on_own_node(tmp_path) as scene:
        yield scene


def test_a_restart_under_a_call(restarted: Scene) -> None:
    """From and To are restored by Record-Route, not from memory."""
    scene = restarted
    carrier, behaviour, _ = strict(scene, answer(200))
    call = dial(scene)
    assert (call.code, behaviour.faults) == (200, [])
    carrier.wait_for("ACK", 2)
    scene.process.stop()
    scene.process.start()
    assert call.ask("INFO").code == 200
    final = carrier.ask_within(carrier.invites[1].dialog(), "INFO")
    assert final.code == 200
    assert uri_of(scene.pbx.requests("INFO")[0].message.get("to")) == uri_of(call.invite.get("from"))
    assert call.bye() == 200
    assert_never_wrong(carrier, 6)


def test_a_number_as_tel_uri(scene: Scene) -> None:
    carrier, behaviour, _ = strict(scene, answer(200))
    call = scene.dial(NUMBER, sender="<tel:+49-30-123456>")
    assert (call.code, behaviour.faults) == (200, [])
    carrier.wait_for("ACK", 2)
    assert call.bye() == 200
    assert_never_wrong(carrier, 5)


@pytest.mark.parametrize(
    ("sender", "headers", "from_uri", "asserted"),
    [
        ("<sip:pbx.example>", (), "sip:carrier.example", ""),
        ("<sip:bob@pbx.example>", (), "sip:bob@carrier.example", ""),
        ("sip:+4930@pbx.example", (), "sip:+4930@carrier.example", "+4930"),
        ("<sip:+4930:secret@pbx.example:5070;user=phone>", (), "sip:+4930@carrier.example;user=phone", "+4930"),
        ("<sip:+4930;ext=5@pbx.example>", (), "sip:+4930@carrier.example", "+4930"),
        ("<sip:%0d%0aX-Evil:1@pbx.example>", (), "sip:%0d%0aX-Evil@carrier.example", ""),
        ('"a\\"b;c" <sip:1@[2001:db8::1]>', (), "sip:1@carrier.example", "1"),
        ("<tel:+49-(30)-12>", (), "sip:+493012@carrier.example", "+493012"),
        (f"<sip:{'9' * 200}@pbx.example>", (), f"sip:{'9' * 200}@carrier.example", ""),
        (
            "<sip:anonymous@anonymous.invalid>",
            (("p-asserted-identity", '"x, y" <tel:+4930>, <sip:+4931@pbx.example>'), ("privacy", "header; id")),
            "sip:anonymous@anonymous.invalid",
            "+4930",
        ),
        (
            "<sip:1@pbx.example>",
            (("privacy", "\x01;id<>"), ("p-asserted-identity", "<sip:>")),
            "sip:1@carrier.example",
            "1",
        ),
    ],
)
def test_odd_callers(
    scene: Scene, *, sender: str, headers: tuple[tuple[str, str], ...], from_uri: str, asserted: str
) -> None:
    """What goes into new headers is a number, or nothing."""
    carrier = scene.carrier()
    values = {"from_domain": "fixed", "from_domain_value": "carrier.example", "asserted_identity": "caller"}
    scene.route("9", scene.group("Acme", to(carrier), trusted=True, **values))
    scene.apply()
    call = scene.dial(NUMBER, sender=sender, headers=headers)
    assert call.code == 200
    invite = carrier.invites[0].message
    assert uri_of(invite.get("from")) == from_uri
    found = invite.all("p-asserted-identity")
    assert [Uri.parse(value).user for value in found] == ([asserted] if asserted else [])
    assert not invite.has("x-evil")
    carrier.wait_for("ACK")
    assert call.bye() == 200
    assert uri_of(carrier.requests("BYE")[0].message.get("from")) == from_uri
