"""Replies that answer nothing of ours, or come from elsewhere than their request went, are dropped."""

from __future__ import annotations

import secrets
import socket
import time
from typing import Any

import pytest

from carriers.snapshots.records import read_carriers
from kamailio_bridge.questions.registrations import registrations
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import answer, stay_silent
from tests.e2e.sip.message import Message, Uri, response
from tests.e2e.sip.wire import Link

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("1000", "secret of one", "carrier.example")
LARGE = 7500  # bytes; a datagram on the loopback interface takes that much


def forged(account: Account, registrar: str, *, via: str, padding: int = 0) -> bytes:
    """Return a reply to a REGISTER that was never sent, for a right account and with a realm of the forger's."""
    name = secrets.token_hex(6)
    lines = [
        "SIP/2.0 401 Unauthorized",
        f"Via: SIP/2.0/UDP {via};branch=z9hG4bK{name}",
        f"From: <sip:{account.username}@{registrar}>;tag={name}",
        f"To: <sip:{account.username}@{registrar}>;tag=x{name}",
        f"Call-ID: {name}",
        "CSeq: 10 REGISTER",
        'WWW-Authenticate: Digest realm="forged.example", nonce="00"',
        f"X-Padding: {'x' * padding}",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def counted(scene: Scene) -> int:
    """Return how many replies the node says that it dropped."""
    slots = scene.node.rpc.call("htable.dump", "stranger_counts")
    values = {item["name"]: int(item["value"]) for slot in slots for item in as_list(slot["slot"])}
    return values.get("replies", 0)


def wait_until_dropped(scene: Scene, number: int) -> None:
    deadline = time.monotonic() + 30
    while counted(scene) < number:
        assert time.monotonic() < deadline, f"{counted(scene)} of {number} are dropped"
        time.sleep(0.01)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def entries(scene: Scene, table: str) -> dict[str, str]:
    slots = scene.node.rpc.call("htable.dump", table)
    return {item["name"]: item["value"] for slot in slots for item in as_list(slot["slot"])}


def test_a_stranger_changes_no_registration(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    right = scene.group("Right", to(registrar))
    wrong = scene.group("Wrong", to(registrar))
    scene.credential(right, ACCOUNT, registrar)
    scene.credential(wrong, Account("2000", "nobody's", "carrier.example"), registrar)
    scene.apply()
    registrar.wait_until_registered("1000")
    settled(2.5)
    before = {pk: (found.state, found.answer) for pk, found in registrations(read_carriers(), [scene.node]).items()}
    assert before == {right.pk: ("registered", "200 OK"), wrong.pk: ("rejected", "404 Not Found")}
    kept, dropped = entries(scene, "registrars"), counted(scene)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.30.7.200", 0))
        stranger.connect(("127.0.0.1", scene.process.parameters.sip_port))
        for number in range(600):
            account = Account(f"{1000 + 1000 * (number % 2)}", "", "")
            stranger.send(forged(account, registrar.address, via=scene.proxy))
            if number % 100 == 0:
                wait_until_dropped(scene, dropped + number - 90)
    wait_until_dropped(scene, dropped + 600)
    assert entries(scene, "registrars") == kept
    after = {pk: (found.state, found.answer) for pk, found in registrations(read_carriers(), [scene.node]).items()}
    assert after == before
    assert "forged.example" not in scene.report()


def test_ten_thousand_large_replies_leave_memory_as_it_was(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    scene.credential(scene.group("Acme", to(registrar)), ACCOUNT, registrar)
    scene.apply()
    registrar.wait_until_registered("1000")
    settled(1)
    used, dropped = scene.node.rpc.call("core.shmmem")["real_used"], counted(scene)
    kept = entries(scene, "registrars")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.30.7.201", 0))
        stranger.connect(("127.0.0.1", scene.process.parameters.sip_port))
        for number in range(1, 10_001):
            packet = forged(Account(f"u{number}", "", ""), registrar.address, via=scene.proxy, padding=LARGE)
            stranger.send(packet)
            if number % 10 == 0:  # not faster than they are read, or the kernel drops them before Kamailio does
                wait_until_dropped(scene, dropped + number)
    assert scene.node.rpc.call("core.shmmem")["real_used"] - used < 200_000
    assert entries(scene, "registrars") == kept


def test_a_reply_is_never_sent_on_to_its_second_via(scene: Scene) -> None:
    scene.apply()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim,
    ):
        stranger.bind(("127.30.7.202", 0))
        victim.bind(("127.30.7.203", 0))
        victim.settimeout(1)
        host, port = victim.getsockname()
        dropped = counted(scene)
        for code in (180, 200, 486, 503):
            text = forged(ACCOUNT, "127.30.8.1", via=scene.proxy).replace(b"401 Unauthorized", b"%d X" % code)
            second = f"\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKvictim\r\nFrom:".encode()
            for method in (b"REGISTER", b"INVITE", b"OPTIONS"):
                reply = text.replace(b"\r\nFrom:", second).replace(b"10 REGISTER", b"10 " + method)
                stranger.sendto(reply, ("127.0.0.1", scene.process.parameters.sip_port))
        wait_until_dropped(scene, dropped + 12)
        with pytest.raises(TimeoutError):
            victim.recv(4096)


def send_as(agent: UserAgent, message: Message, scene: Scene) -> None:
    """Let an agent send a reply that is another's to give."""
    target = Uri.parse(f"sip:{scene.proxy}")
    link: Link = agent._wire.link_to(target)
    link.send(message)


def test_a_reply_to_our_register_counts_from_the_registrar_only(scene: Scene) -> None:
    """Even one that knows all that is in the request, and comes from another carrier of ours."""
    registrar, other = scene.carrier(stay_silent), scene.carrier()
    registrar.within_calls = stay_silent
    group = scene.group("Acme", to(registrar))
    scene.group("Other", to(other))
    scene.credential(group, ACCOUNT, registrar)
    scene.apply()
    request = registrar.wait_for("REGISTER")[0].message
    contact = ("contact", f"{request.get('contact')};expires=3600")
    send_as(other, response(request, 200, to_tag="x", headers=(contact,)), scene)
    settled(0.5)
    assert entries(scene, "registrars").keys() & {f"carrier-{group.pk}"} == set()
    assert registrations(read_carriers(), [scene.node])[group.pk].state == "trying"
    send_as(registrar, response(request, 200, to_tag="x", headers=(contact,)), scene)
    settled(0.5)
    assert registrations(read_carriers(), [scene.node])[group.pk].state == "registered"


@pytest.mark.parametrize("direction", ["both", "outbound"])
def test_a_reply_to_a_call_counts_from_where_the_call_went(scene: Scene, direction: str) -> None:
    carrier, stranger = scene.carrier(stay_silent), scene.stranger()
    scene.route("9", scene.group("Acme", to(carrier, direction=direction)))
    scene.apply()
    call = scene.dial("91")
    request = carrier.wait_for("INVITE")[0].message
    contact = ("contact", f"<sip:x@{stranger.host_port}>")
    send_as(stranger, response(request, 603, to_tag="forged", headers=(contact,)), scene)
    settled(0.5)
    assert call.finals == []
    carrier.invites[0].reply(200)
    assert call.code == 200
    assert "a reply from" in scene.report()


def test_what_a_registrar_says_is_kept_short_and_plain(scene: Scene) -> None:
    registrar = scene.carrier(answer(200))

    def refuse(incoming: Any) -> None:
        reply = response(incoming.message, 403, to_tag="x")
        reason = "Nö \x07 " + "very long " * 300
        challenge = f'Digest realm="ö{"r" * 1000}", nonce="1"'
        incoming.link.send(Message(f"SIP/2.0 401 {reason}", [*reply.headers, ("www-authenticate", challenge)]))

    registrar.within_calls = refuse
    group = scene.group("Acme", to(registrar))
    scene.credential(group, ACCOUNT, registrar)
    scene.apply()
    registrar.wait_for("REGISTER")
    settled(0.5)
    kept = entries(scene, "registrars")
    assert kept[f"carrier-{group.pk}"].startswith("401 N?? ? very long very")
    assert max(len(str(value)) for value in kept.values()) <= 90
