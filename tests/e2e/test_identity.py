"""Who calls, as a carrier is told: From, To, the headers that name the caller, and headers of the PBX's own."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.models import PBX
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, answer, refuse
from tests.e2e.sip.message import Message, Uri
from tests.e2e.sip.outgoing import Call

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

ACCOUNT = Account("trunk77", "secret of a trunk", "carrier.example")
NUMBER = "914443332222"
CALLER = "+4930123456"
PBX_FROM = f'"Ada" <sip:{CALLER}@pbx.example>'
PASSING = {"header_filter": "none"}


def uri_of(value: str) -> str:
    """Return the URI of a From, To or the like."""
    return value.partition("<")[2].partition(">")[0]


def tag_of(value: str) -> str:
    return value.partition(";tag=")[2].partition(";")[0]


def call_over(
    scene: Scene, carrier: UserAgent, *headers: tuple[str, str], sender: str = PBX_FROM, **values: Any
) -> Call:
    """Let the PBX call over a group with these settings."""
    scene.route("9", scene.group("Acme", to(carrier, strip=1), **values))
    scene.apply()
    return scene.dial(NUMBER, headers=headers, sender=sender)


def sent(carrier: UserAgent) -> Message:
    """Return the INVITE that the carrier got last."""
    return carrier.invites[-1].message


def test_nothing_changes_by_itself(scene: Scene) -> None:
    carrier = scene.carrier()
    headers = (("x-secret", "1"), ("p-asserted-identity", f"<sip:{CALLER}@pbx.example>"), ("privacy", "none"))
    call = call_over(scene, carrier, *headers, ("identity", "abc;info=<https://a.example>"), **PASSING)
    assert call.code == 200
    invite = sent(carrier)
    assert invite.get("from") == call.invite.get("from")
    assert invite.get("to") == call.invite.get("to")
    assert [(name, invite.get(name)) for name, _ in headers] == list(headers)
    assert invite.has("identity")
    assert "vsf=" not in invite.get("record-route")


def test_from_and_to_for_the_carrier_and_as_sent_for_the_pbx(scene: Scene) -> None:
    challenge = Challenge(ACCOUNT, then=answer(200, 180))
    carrier = scene.carrier(challenge)
    group = scene.group(
        "Acme",
        to(carrier, strip=1),
        from_user="account",
        from_domain="carrier",
        to_domain="carrier",
        preferred_identity="caller",
        **PASSING,
    )
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER, sender=PBX_FROM, headers=(("identity", "abc;info=<https://a.example>"),))
    assert (call.code, challenge.faults) == (200, [])
    carrier.wait_for("ACK", 2)
    mine = f"sip:trunk77@{carrier.address}"
    theirs = f"sip:14443332222@{carrier.address}"
    for incoming in carrier.received:
        assert uri_of(incoming.message.get("from")) == mine, incoming.method
        assert uri_of(incoming.message.get("to")) == theirs, incoming.method
    invite = sent(carrier)
    assert invite.get("from").startswith('"Ada" <')
    assert invite.get("p-preferred-identity") == f"<sip:{CALLER}@{carrier.address}>"
    assert not invite.has("identity")
    for final in [*call.provisional_messages, *call.finals]:
        if final.code > 100:
            assert uri_of(final.get("from")) == uri_of(call.invite.get("from"))
            assert uri_of(final.get("to")) == uri_of(call.invite.get("to"))
    within(scene, carrier, call, mine, theirs)


def within(scene: Scene, carrier: UserAgent, call: Call, mine: str, theirs: str) -> None:
    """Send requests within the call from both sides; each side always sees its own From and To."""
    own, other = uri_of(call.invite.get("from")), uri_of(call.invite.get("to"))
    incoming, dialog = carrier.invites[-1], call.dialog(call.finals[0])
    # The PBX holds the call, and the carrier challenges the re-INVITE.
    carrier.within_calls = Challenge(ACCOUNT)
    final = scene.pbx.ask_within(dialog, "INVITE")
    assert final.code == 200
    assert (uri_of(final.get("from")), uri_of(final.get("to"))) == (own, other)
    reinvites = [each.message for each in carrier.invites if tag_of(each.message.get("to"))]
    assert len(reinvites) == 2
    for each in reinvites:
        assert (uri_of(each.get("from")), uri_of(each.get("to"))) == (mine, theirs)
        assert tag_of(each.get("from")) == tag_of(call.invite.get("from"))
    carrier.wait_for("ACK", 4)
    # The carrier asks, and hangs up.
    carrier.within_calls = answer(200)
    for method in ("INFO", "INVITE", "BYE"):
        final = carrier.ask_within(incoming.dialog(), method)
        assert final.code == 200, method
        assert (uri_of(final.get("from")), uri_of(final.get("to"))) == (theirs, mine)
        got = scene.pbx.requests(method)[-1].message
        assert (uri_of(got.get("from")), uri_of(got.get("to"))) == (other, own)
        assert tag_of(got.get("to")) == tag_of(call.invite.get("from"))


def test_the_pbx_hangs_up(scene: Scene) -> None:
    carrier = scene.carrier()
    call = call_over(
        scene,
        carrier,
        from_user="fixed",
        from_user_value="+4930999",
        from_domain="fixed",
        from_domain_value="sip.acme.example",
        asserted_identity="remove",
    )
    assert call.code == 200
    carrier.wait_for("ACK")
    headers = (("x-secret", "1"), ("p-asserted-identity", f"<sip:{CALLER}@pbx.example>"))
    assert call.ask("INFO", headers=headers).code == 200
    info = carrier.requests("INFO")[0].message
    assert not info.has("x-secret")
    assert not info.has("p-asserted-identity")
    assert call.bye() == 200
    for incoming in carrier.received:
        assert uri_of(incoming.message.get("from")) == "sip:+4930999@sip.acme.example", incoming.method
        assert incoming.message.get("to").startswith(f"<sip:{NUMBER}@"), incoming.method


def test_each_attempt_begins_with_what_the_pbx_sent(scene: Scene) -> None:
    first, second, third = scene.carrier(refuse(503)), scene.carrier(refuse(503)), scene.carrier()
    one = scene.group(
        "One",
        to(first),
        to(second),
        from_user="fixed",
        from_user_value="one",
        from_domain="carrier",
        asserted_identity="caller",
        display_name="remove",
        removed_headers="User-Agent",
    )
    two = scene.group("Two", to(third), remote_party_id="fixed", identity_number="+4930000", passed_headers="X-One")
    scene.route("9", one, two)
    scene.apply()
    headers = (
        ("x-one", "1"),
        ("x-two", "2"),
        ("user-agent", "pbx"),
        ("p-asserted-identity", "<sip:+4930777@pbx.example>"),
    )
    call = scene.dial(NUMBER, sender=PBX_FROM, headers=headers)
    assert call.code == 200
    for carrier in (first, second):
        invite = sent(carrier)
        assert invite.get("from").partition(";")[0].strip() == f"<sip:one@{carrier.address}>"
        assert invite.all("p-asserted-identity") == [f"<sip:{CALLER}@{carrier.address}>"]
        assert not invite.has("x-one")
        assert not invite.has("user-agent")
    invite = sent(third)
    assert invite.get("from") == call.invite.get("from")
    assert invite.get("p-asserted-identity") == "<sip:+4930777@pbx.example>"
    assert invite.get("remote-party-id") == "<sip:+4930000@pbx.example>;party=calling;privacy=off;screen=yes"
    assert (invite.get("x-one"), invite.has("x-two"), invite.get("user-agent")) == ("1", False, "pbx")


HIDDEN = '"Anonymous" <sip:anonymous@anonymous.invalid>'
ASSERTS = ("p-asserted-identity", f"<sip:{CALLER}@pbx.example>")


@pytest.mark.parametrize(
    ("sender", "headers", "values", "from_user", "asserted", "privacy"),
    [
        (HIDDEN, (ASSERTS, ("privacy", "id")), {}, "anonymous", CALLER, "id"),
        (HIDDEN, (ASSERTS,), {"asserted_identity": "caller"}, "anonymous", "", ""),
        (
            HIDDEN,
            (ASSERTS,),
            {"asserted_identity": "caller", "trusted": True, "privacy": "id"},
            "anonymous",
            CALLER,
            "id",
        ),
        (
            HIDDEN,
            (ASSERTS,),
            {"asserted_identity": "caller", "from_user": "fixed", "from_user_value": "t1"},
            "t1",
            "",
            "id",
        ),
        (HIDDEN, (), {"asserted_identity": "caller", "trusted": True}, "anonymous", "", ""),
        (
            PBX_FROM,
            (("privacy", "id"),),
            {"asserted_identity": "caller", "from_user": "fixed", "from_user_value": "t1"},
            "t1",
            "",
            "id",
        ),
        (
            PBX_FROM,
            (("privacy", "id;critical"),),
            {
                "asserted_identity": "remove",
                "preferred_identity": "remove",
                "remote_party_id": "remove",
                "privacy": "remove",
            },
            "anonymous",
            "",
            "",
        ),
        (PBX_FROM, (("privacy", "none"),), {"asserted_identity": "caller"}, CALLER, CALLER, "none"),
    ],
)
def test_callers_who_hide_their_number(
    scene: Scene,
    *,
    sender: str,
    headers: tuple[tuple[str, str], ...],
    values: dict[str, Any],
    from_user: str,
    asserted: str,
    privacy: str,
) -> None:
    carrier = scene.carrier()
    assert call_over(scene, carrier, *headers, sender=sender, **values).code == 200
    invite = sent(carrier)
    assert Uri.parse(uri_of(invite.get("from"))).user == from_user
    assert invite.get("privacy") == privacy
    found = invite.get("p-asserted-identity")
    assert (Uri.parse(uri_of(found)).user if found else "") == asserted
    if not asserted:
        assert CALLER not in "".join(f"{name}: {value}\n" for name, value in invite.headers)


@pytest.mark.parametrize(
    ("sender", "allowed", "fallback", "code", "from_user"),
    [
        (PBX_FROM, "+4930123*", "", 200, CALLER),
        (PBX_FROM, "004930123456", "", 200, CALLER),
        (PBX_FROM, "49301234 +493012345678 4930123456", "", 200, CALLER),
        (PBX_FROM, "+49301234 +493099*", "+4930990", 200, "+4930990"),
        (PBX_FROM, "+49301234", "", 403, ""),
        ("<sip:bob@pbx.example>", "+4930*", "+4930990", 200, "+4930990"),
        ("<sip:bob@pbx.example>", "+4930*", "", 403, ""),
        (PBX_FROM, "", "+4930990", 200, CALLER),
        ("<sip:201@pbx.example>", "", "+4930990", 200, "+4930990"),
    ],
)
def test_allowed_caller_numbers(
    scene: Scene, *, sender: str, allowed: str, fallback: str, code: int, from_user: str
) -> None:
    PBX.objects.update(caller_numbers=allowed, fallback_number=fallback)
    carrier = scene.carrier()
    call = call_over(scene, carrier, ("p-asserted-identity", uri_with(sender)), sender=sender)
    assert call.code == code
    users = [Uri.parse(uri_of(each.message.get("from"))).user for each in carrier.invites]
    assert users == ([from_user] if code == 200 else [])
    if code == 200:
        assert Uri.parse(uri_of(sent(carrier).get("p-asserted-identity"))).user == from_user
        assert uri_of(call.finals[0].get("from")) == uri_of(call.invite.get("from"))


def uri_with(sender: str) -> str:
    return f"<{uri_of(sender)}>"


def test_display_name_diversion_and_our_domain(scene: Scene) -> None:
    carrier = scene.carrier()
    call = call_over(
        scene,
        carrier,
        ("diversion", "<sip:+4930555@pbx.example>;reason=user-busy"),
        display_name="number",
        from_domain="ours",
        diversion="fixed",
        identity_number="+4930000",
    )
    assert call.code == 200
    address = scene.process.parameters.sip_address
    invite = sent(carrier)
    assert invite.get("from").partition(";")[0] == f'"{CALLER}" <sip:{CALLER}@{address}>'
    assert invite.all("diversion") == [f"<sip:+4930000@{address}>;reason=unconditional"]
    assert uri_of(call.finals[0].get("from")) == uri_of(call.invite.get("from"))
