"""The toolkit, user agent against user agent: what it says of a proxy is worth what it says without one."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account, parameters
from tests.e2e.sip.incoming import Challenge, answer, ring, stay_silent
from tests.e2e.sip.message import Message, NotSip, Uri, cut_from_stream, parameter
from tests.e2e.sip.outgoing import NoAnswer
from tests.e2e.sip.proxy import Proxy
from tests.e2e.sip.registrar import Registrar
from tests.e2e.sip.wire import refusing_port

pytestmark = pytest.mark.e2e
ACCOUNT = Account("1000", 'pass"word', "asterisk")


@pytest.fixture
def caller() -> Iterator[UserAgent]:
    with UserAgent("127.31.0.1") as agent:
        yield agent


@pytest.fixture
def callee() -> Iterator[UserAgent]:
    with UserAgent("127.31.0.2") as agent:
        yield agent


def authorize(request: Message, account: Account, nonce: str, uri: str) -> Message:
    """Answer a challenge as RFC 2617 says, with qop=auth."""

    def digest(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    ha1 = digest(f"{account.username}:{account.realm}:{account.password}")
    reply = digest(f"{ha1}:{nonce}:00000001:abc:auth:{digest(f'{request.method}:{uri}')}")
    value = (
        f'Digest username="{account.username}", realm="{account.realm}", nonce="{nonce}", uri="{uri}", qop=auth,'
        f' nc=00000001, cnonce="abc", response="{reply}"'
    )
    return replace(request, headers=[*request.headers, ("authorization", value)])


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_that_is_answered_and_ended(caller: UserAgent, callee: UserAgent, transport: str) -> None:
    callee.behaviour = answer(200, 100, 180, after=0.05)
    call = caller.call("4711", callee.host_port, transport=transport)
    assert call.code == 200
    assert call.seconds >= 0.05
    assert call.provisionals == [100, 180]
    assert callee.numbers == ["4711"]
    assert callee.wait_for("ACK")[0].message.cseq == (1, "ACK")
    assert call.reinvite() == 200
    assert call.bye() == 200
    assert [incoming.message.cseq for incoming in callee.received] == [
        (1, "INVITE"),
        (1, "ACK"),
        (2, "INVITE"),
        (2, "ACK"),
        (3, "BYE"),
    ]
    assert {incoming.source for incoming in callee.received} == {"127.31.0.1"}
    assert {incoming.link.transport for incoming in callee.received} == {transport.upper()}
    assert [len(call.finals), len({incoming.message.call_id for incoming in callee.received})] == [1, 1]


def test_the_called_side_hangs_up(caller: UserAgent, callee: UserAgent) -> None:
    assert caller.call("4711", callee.host_port).code == 200
    assert callee.hang_up(callee.invites[0]) == 200
    assert len(caller.requests("BYE")) == 1


def test_a_call_that_is_refused_is_acknowledged_in_its_own_transaction(caller: UserAgent, callee: UserAgent) -> None:
    callee.behaviour = answer(486)
    call = caller.call("4711", callee.host_port)
    assert call.wait().reason == "Busy Here"
    ack = callee.wait_for("ACK")[0].message
    assert ack.branch == callee.invites[0].message.branch
    assert parameter(ack.get("to"), "tag") == callee.invites[0].to_tag


def test_a_call_that_is_given_up(caller: UserAgent, callee: UserAgent) -> None:
    callee.behaviour = ring
    call = caller.call("4711", callee.host_port)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert call.code == 487
    callee.wait_for("ACK")
    assert callee.invites[0].answers == [180, 487]


def test_silence_is_said(caller: UserAgent, callee: UserAgent) -> None:
    callee.behaviour = stay_silent
    with pytest.raises(NoAnswer, match="no final answer"):
        caller.call("4711", callee.host_port).wait(0.1)
    with pytest.raises(NoAnswer, match="0 of 1 BYE"):
        callee.wait_for("BYE", timeout=0.1)


def test_retransmissions_are_answered_again_and_not_counted(caller: UserAgent, callee: UserAgent) -> None:
    call = caller.call("4711", callee.host_port)
    assert call.code == 200
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.sendto(call.invite.encode(), (callee.address, callee.port))
    settled(0.1)
    assert len(call.finals) == 1
    assert len(callee.invites) == 1
    assert callee.invites[0].retransmissions == 1


@pytest.mark.parametrize(
    ("account", "nonce", "fault"),
    [
        (ACCOUNT, "n", ""),
        (replace(ACCOUNT, password="other"), "n", "the password is wrong"),
        (replace(ACCOUNT, username="1001"), "n", "username is '1000' instead of '1001'"),
        (replace(ACCOUNT, realm="other"), "n", "realm is 'asterisk' instead of 'other'"),
        (replace(ACCOUNT, qop=""), "n", "qop was not offered"),
        (ACCOUNT, "m", "nonce is 'n' instead of 'm'"),
    ],
)
def test_digests_are_verified(account: Account, nonce: str, fault: str) -> None:
    request = Message("REGISTER sip:127.0.0.1 SIP/2.0")
    answered = authorize(request, ACCOUNT, "n", request.uri)
    assert account.fault(answered, nonce, "authorization") == fault
    assert 'pass"word' not in repr(account)


def test_a_digest_without_qop() -> None:
    """The example of RFC 2617's older form, computed by hand: no nc, no cnonce."""
    account = replace(ACCOUNT, qop="")
    ha1 = hashlib.md5(b'1000:asterisk:pass"word', usedforsecurity=False).hexdigest()
    ha2 = hashlib.md5(b"INVITE:sip:1@h", usedforsecurity=False).hexdigest()
    reply = hashlib.md5(f"{ha1}:n:{ha2}".encode(), usedforsecurity=False).hexdigest()
    value = f'Digest username="1000", realm="asterisk", nonce="n", uri="sip:1@h", response="{reply}"'
    request = Message("INVITE sip:1@h SIP/2.0", [("proxy-authorization", value)])
    assert account.fault(request, "n", "proxy-authorization") == ""


def test_a_challenge_without_an_answer_to_it_is_not_accepted(caller: UserAgent, callee: UserAgent) -> None:
    callee.behaviour = challenge = Challenge(ACCOUNT)
    call = caller.call("4711", callee.host_port)
    assert call.code == 407
    assert parameters(call.wait().get("proxy-authenticate"))["realm"] == "asterisk"
    wrong = caller.call("4711", callee.host_port, headers=(("proxy-authorization", 'Digest username="x"'),))
    assert wrong.code == 403
    assert challenge.accepted == []
    assert challenge.faults == ["username is 'x' instead of '1000'"]


def test_a_registrar_refuses_whom_it_does_not_know(caller: UserAgent) -> None:
    with Registrar("127.31.0.3", ACCOUNT) as registrar:
        assert caller.request("REGISTER", f"sip:nobody@{registrar.host_port}").code == 404
        assert caller.request("REGISTER", f"sip:1000@{registrar.host_port}").code == 401
        assert [len(registrar.registers()), len(registrar.registers("1000"))] == [2, 1]
        assert registrar.bindings == {}


def test_tcp_is_refused_where_nobody_listens(caller: UserAgent) -> None:
    with pytest.raises(ConnectionRefusedError):
        caller.call("4711", f"127.31.0.4:{refusing_port('127.31.0.4')}", transport="tcp")


def test_lists_of_values_and_folded_lines() -> None:
    message = Message.parse(
        b"INVITE sip:1@h SIP/2.0\r\nRecord-Route: <sip:a;lr>, <sip:b;x=1,2;lr>\r\nv: SIP/2.0/UDP h;branch=z1\r\n"
        b"Record-Route: <sip:c>\r\nSubject: one\r\n two\r\n\r\n"
    )
    assert message.all("record-route") == ["<sip:a;lr>", "<sip:b;x=1,2;lr>", "<sip:c>"]
    assert message.branch == "z1"
    assert message.get("subject") == "one two"
    assert Uri.parse("<sip:+49%23@[::1]:5070;transport=TCP>") == Uri("+49%23", "::1", 5070, "tcp")
    with pytest.raises(NotSip):
        Message.parse(b"GET / HTTP/1.1\r\n\r\n")


def test_a_stream_is_cut_into_messages() -> None:
    first = Message("BYE sip:a SIP/2.0", [], b"body").encode()
    second = Message("ACK sip:a SIP/2.0").encode()
    stream = first + b"\r\n" + second
    assert cut_from_stream(stream[:-3])[0] == first
    message, rest = cut_from_stream(stream)
    assert message == first
    assert cut_from_stream(rest) == (second, b"")
    assert cut_from_stream(first[:-1]) == (None, first[:-1])


def test_nothing_comes_of_itself(callee: UserAgent) -> None:
    settled(0.05)
    assert callee.received == []


@pytest.mark.parametrize("strict", [False, True], ids=["loose", "strict"])
def test_a_proxy_stays_in_the_way_of_its_calls(caller: UserAgent, callee: UserAgent, strict: bool) -> None:
    callee.behaviour = answer(200, 180)
    with Proxy("127.31.0.3", f"sip:{callee.host_port}", strict=strict) as proxy:
        call = caller.call("4711", proxy.host_port)
        assert call.code == 200
        assert callee.wait_for("ACK")[0].uri == callee.uris[0] == f"sip:{callee.host_port}"
        assert call.dialog(call.wait()).routes == [f"<sip:{proxy.host_port}{'' if strict else ';lr'}>"]
        assert call.ask("INFO").code == 200
        assert callee.hang_up(callee.invites[0]) == 200
        assert proxy.methods == ["INVITE", "ACK", "INFO", "BYE"]
        assert [len(callee.requests("INFO")), len(caller.requests("BYE"))] == [1, 1]


def test_requests_before_the_answer_and_a_contact_that_moves(caller: UserAgent, callee: UserAgent) -> None:
    callee.behaviour = ring
    call = caller.call("4711", callee.host_port)
    call.wait_for_provisional(180)
    assert call.ask("PRACK").code == 200
    assert call.cancel() == 200
    assert call.code == 487
    callee.behaviour = answer(200)
    call = caller.call("4711", callee.host_port)
    assert call.code == 200
    callee.contact = f"sip:moved@{callee.host_port}"
    assert call.reinvite(f"<sip:moved@{caller.host_port}>") == 200
    assert callee.requests("INVITE")[-1].message.get("contact") == f"<sip:moved@{caller.host_port}>"
    assert call.bye() == 200
    assert callee.requests("BYE")[0].uri == f"sip:moved@{callee.host_port}"
