"""Strangers at the SIP port get a few answers, then none, and never a place in the log or in memory of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from carriers.models import SourceNetwork
from tests.e2e.counts import counts, wait_for, wait_for_counts
from tests.e2e.nodes import running_node
from tests.e2e.scene import PBX_ADDRESS, Scene, scene_on_own_node, to
from tests.e2e.sip.incoming import Incoming
from tests.e2e.sip.message import response
from tests.e2e.sip.raw import Datagrams, over_tcp, request

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ANSWERS_EACH = 5
MAX_LINES = 20
# Each line of Kamailio begins with the number and the id of a process, and its level.
LINE = re.compile(r"[ \d]\d\(\d+\) (?:ALERT|BUG|CRITICAL|ERROR|WARNING|NOTICE|INFO): [ -~]*")


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    """Set the scene at a node of its own, whose counters begin at 0."""
    with scene_on_own_node(tmp_path / "edge", sip_ipv6_address="::1") as scene:
        yield scene


def strange_lines(scene: Scene) -> list[str]:
    """Return the lines of the log that Kamailio would not write by itself."""
    return [line for line in scene.report().splitlines() if not LINE.fullmatch(line)]


def with_a_route(scene: Scene) -> None:
    scene.route("9", scene.group("Acme", to(scene.carrier())))
    scene.apply()


METHODS = ("INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE", "MESSAGE", "NOTIFY", "PUBLISH", "REFER", "INFO", "NONSENSE")


def test_a_stranger_gets_a_few_answers_and_then_none(scene: Scene) -> None:
    with_a_route(scene)
    target = f"sip:9{scene.proxy}"
    with Datagrams("127.32.0.1", scene.proxy) as scanner, Datagrams("127.32.0.2", scene.proxy) as other:
        scanner.send(*[request(METHODS[i % 10], target, scanner.host_port) for i in range(300)])
        found = wait_for_counts(scene.process, 300, "answered", "dropped")
        assert (found["answered"], found["dropped"], found["now:silenced"]) == (ANSWERS_EACH, 295, 1)
        assert scanner.codes(1) == [403] * ANSWERS_EACH
        other.send(request("INVITE", target, other.host_port))
        assert other.codes(5) == [403]
    assert scene.dial("91").code == 200
    assert scene.report().count("refused") == ANSWERS_EACH + 1
    assert counts(scene.process, "strangers") == {"127.32.0.1": 300, "127.32.0.2": 1}


@pytest.mark.parametrize(
    ("method", "to_tag", "headers"),
    [
        ("ACK", "", ()),
        ("ACK", "made-up", ("Route: <sip:{proxy};lr>",)),
        ("CANCEL", "", ()),
    ],
)
def test_what_needs_no_answer_gets_none(scene: Scene, method: str, to_tag: str, headers: tuple[str, ...]) -> None:
    with_a_route(scene)
    with Datagrams("127.32.0.3", scene.proxy) as stranger:
        lines = tuple(header.format(proxy=scene.proxy) for header in headers)
        stranger.send(request(method, f"sip:91@{scene.proxy}", stranger.host_port, to_tag=to_tag, headers=lines))
        found = wait_for_counts(scene.process, 1, "answered", "dropped")
        assert found["dropped"] == 1
        assert stranger.codes(0.2) == []


@pytest.mark.parametrize("headers", [(), ("Max-Forwards: 0",), ("Expires: never",), ("Proxy-Require: everything",)])
@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_every_answer_to_a_stranger_counts(scene: Scene, method: str, headers: tuple[str, ...]) -> None:
    with_a_route(scene)
    to_tag = "made-up" if method == "BYE" else ""
    with Datagrams("127.32.0.4", scene.proxy) as stranger:
        target, route = f"sip:91@{scene.proxy}", f"Route: <sip:{scene.proxy};lr>"
        for _ in range(20):
            stranger.send(
                request(method, target, stranger.host_port, to_tag=to_tag, headers=(route, *headers)).replace(
                    b"Max-Forwards: 70\r\n", b"" if headers else b"Max-Forwards: 70\r\n"
                )
            )
        found = wait_for_counts(scene.process, 20, "answered", "dropped")
        assert (found["answered"], found["dropped"]) == (ANSWERS_EACH, 20 - ANSWERS_EACH)
        assert stranger.codes(1) == [403 if method == "INVITE" else 481] * ANSWERS_EACH


def test_over_tcp_too(scene: Scene) -> None:
    with_a_route(scene)
    target = ("127.0.0.1", scene.process.parameters.sip_port)
    data = b"".join(request("OPTIONS", f"sip:{scene.proxy}", "127.32.0.5:5060", transport="TCP") for _ in range(12))
    said = over_tcp(data, "127.32.0.5", target, 1)
    assert said.count(b"SIP/2.0 403 Forbidden") == ANSWERS_EACH
    assert counts(scene.process)["dropped"] >= 1, "the first that gets no answer ends the connection"


def test_an_ipv6_network_is_one_stranger(scene: Scene) -> None:
    with_a_route(scene)
    with Datagrams("::1", f"[::1]:{scene.process.parameters.sip_port}") as stranger:
        stranger.send(*[request("OPTIONS", "sip:[::1]", stranger.host_port) for _ in range(8)])
        wait_for_counts(scene.process, 8, "answered", "dropped")
        assert stranger.codes(1) == [403] * ANSWERS_EACH
    assert counts(scene.process, "strangers") == {"::/64": 8}


def test_many_sources_together_get_no_more_lines_and_memory_than_there_is_room(scene: Scene) -> None:
    with_a_route(scene)
    for last in range(1, 101):
        with Datagrams(f"127.32.1.{last}", scene.proxy) as stranger:
            stranger.send(request("INVITE", "sip:91@{scene.proxy}", stranger.host_port))
    found = wait_for_counts(scene.process, 100, "answered", "dropped")
    assert (found["answered"], found["now:sources"], found["now:lines"]) == (100, 100, MAX_LINES)
    assert scene.report().count("refused, the address") == MAX_LINES
    rpc = scene.process.parameters.local_rpc(20)
    rpc.call("htable.seti", "stranger_counts", "now:sources", 10_000)
    rpc.call("htable.seti", "stranger_counts", "now:answers", 0)
    with Datagrams("127.32.2.1", scene.proxy) as one_too_many:
        one_too_many.send(request("INVITE", "sip:91@{scene.proxy}", one_too_many.host_port))
        wait_for_counts(scene.process, 101, "answered", "dropped")
        assert one_too_many.codes(0.2) == []
    assert "127.32.2.1" not in counts(scene.process, "strangers")
    rpc.call("htable.seti", "stranger_counts", "now:sources", 100)
    rpc.call("htable.seti", "stranger_counts", "now:answers", 1_000)
    with Datagrams("127.32.2.2", scene.proxy) as forged:
        forged.send(request("INVITE", "sip:91@{scene.proxy}", forged.host_port))
        wait_for_counts(scene.process, 102, "answered", "dropped")
        assert forged.codes(0.2) == []


def test_an_admitted_source_is_never_silenced(scene: Scene) -> None:
    with_a_route(scene)
    wrong = [scene.pbx.request("REGISTER", f"sip:{scene.proxy}").code for _ in range(2 * ANSWERS_EACH)]
    assert wrong == [405] * 2 * ANSWERS_EACH
    assert scene.dial("91").code == 200


def test_a_reload_that_admits_the_address_ends_its_silence(scene: Scene) -> None:
    with_a_route(scene)
    newcomer = scene.stranger()
    codes = [newcomer.request("OPTIONS", f"sip:{scene.proxy}").code for _ in range(ANSWERS_EACH)]
    assert codes == [403] * ANSWERS_EACH
    SourceNetwork.objects.create(pbx=scene.pbx_row, network=f"{newcomer.address}/32")
    scene.apply()
    call = newcomer.call("91", scene.proxy)
    assert (call.code, call.bye()) == (200, 200)


def test_silence_ends_with_its_time_and_leaves_one_line(transactional_db: None, tmp_path: Path) -> None:
    with running_node(tmp_path / "edge", defines=("SILENCE_SECONDS=3",)) as process:
        scene = Scene(process)
        scene.apply()
        with Datagrams("127.32.0.6", scene.proxy) as stranger:
            for total in (50, 100):
                stranger.send(*[request("OPTIONS", "sip:nobody", stranger.host_port) for _ in range(50)])
                wait_for_counts(process, total, "answered", "dropped")
                wait_for(lambda: not counts(process, "strangers"), "the silence ends")
            assert stranger.codes(1).count(403) >= 2 * ANSWERS_EACH
        lines = re.findall(
            r"strangers in the last minute: \d+ sources, \d+ of them silenced; (\d+) requests refused with an answer,"
            r" (\d+) without one; 0 replies to nothing, 0 malformed messages",
            scene.report(),
        )
        assert 2 <= len(lines) <= 10
        assert sum(int(number) for line in lines for number in line) == 100
        scene.close()


# --- Each protocol at its own port


def test_http_at_the_sip_port_is_not_served(scene: Scene) -> None:
    parameters = scene.process.parameters
    get = f"GET /ROUTE/91 HTTP/1.1\r\nHost: x\r\nX-RPC-Token: {parameters.rpc_token}\r\n\r\n".encode()
    for spelling in (get, get.replace(b"HTTP", b"http"), b"\r\n" + get, get.replace(b"\r\n", b"\n")):
        assert over_tcp(spelling, "127.0.0.1", ("127.0.0.1", parameters.sip_port)) == b""
        with Datagrams("127.0.0.1", scene.proxy) as client:
            client.send(spelling)
            assert client.received(0.2) == []


@pytest.mark.parametrize("source", [PBX_ADDRESS, "127.32.0.7", "127.0.0.1"])
def test_sip_at_the_rpc_port_is_not_served(scene: Scene, source: str) -> None:
    with_a_route(scene)
    rpc_port = scene.process.parameters.rpc_port
    for method in ("OPTIONS", "INVITE"):
        data = request(method, f"sip:91@{scene.proxy}", f"{source}:5060", transport="TCP")
        assert over_tcp(data, source, ("127.0.0.1", rpc_port)) == b""
    assert scene.report().count("91 from") == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("caller", ["udp", "tcp"])
def test_via_and_record_route_never_have_the_rpc_port(scene: Scene, caller: str, transport: str) -> None:
    carrier = scene.carrier()
    scene.pbx_row.transport = transport
    scene.pbx_row.save()
    scene.route("9", scene.group("Acme", to(carrier, transport=transport)))
    scene.apply()
    call = scene.dial("91", transport=caller)
    assert (call.code, call.reinvite(), call.bye()) == (200, 200, 200)
    call = carrier.call("1444", scene.proxy, transport=caller)
    assert (call.code, call.bye()) == (200, 200)
    seen = [incoming.message for agent in (carrier, scene.pbx) for incoming in agent.received]
    assert len(seen) >= 7
    ours = [value for message in seen for name in ("via", "record-route") for value in message.all(name)]
    assert any(f"{scene.proxy}" in value for value in ours)
    assert [value for value in ours if f":{scene.process.parameters.rpc_port}" in value] == []


# --- What ended Kamailio


# What Kamailio's parser takes for a status line: small letters, blanks before it, all lines up to the first CR.
STATUS_LINES = (
    "SIP/2.0 200 OK",
    "sip/2.0 200 SIP/2.0",
    "\r\nSIP/2.0 200 SIP/2.0",
    "\r\nsip/2.0 200 SIP/2.0",
    " SIP/2.0 200 SIP/2.0",
    "\tSIP/2.0 200 SIP/2.0",
    "\0SIP/2.0 200 SIP/2.0",
    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 127.0.0.1;branch=x\nSubject: x",
)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("via", ["", "X-Via: SIP/2.0/UDP 127.0.0.1;branch=x", "Vi: x", "Subject: x{end} Via: folded"])
def test_a_reply_to_a_cancel_without_via_does_not_end_the_node(scene: Scene, via: str, end: str) -> None:
    """It ended with signal 11, whoever sent it."""
    headers = ["To: <sip:x@127.0.0.1>;tag=x", "From: <sip:x@127.0.0.1>;tag=y", "Call-ID: x", "CSeq: 1 CANCEL"]
    more = [*[via.format(end=end)] * bool(via), *headers, "", "Via: SIP/2.0/UDP 127.0.0.1;branch=x", ""]
    packets = [end.join([status, *more]).encode() for status in STATUS_LINES]
    with_a_route(scene)
    with Datagrams("127.32.0.9", scene.proxy) as stranger:
        stranger.send(*packets)
    over_tcp(packets[0], "127.32.0.9", ("127.0.0.1", scene.process.parameters.sip_port), 0.2)
    wait_for_counts(scene.process, len(packets), "malformed")
    assert scene.dial("91").code == 200
    assert scene.process.is_running


# --- The log

FOLDED = "forged\r\n 0(1) NOTICE: {1 INVITE x} <script>: forged"
# Method, R-URI, further headers, Call-ID: what would end a line, colour a terminal, or look like Kamailio's own words.
MESSAGES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("INVITE", "sip:91@proxy", (), FOLDED),
    ("INVITE", "sip:91@proxy", (), "\x1b[31mforged\x07"),
    ("INVITE", "sip:91@proxy", (), "\u009bforged\u202e"),
    ("INVITE", "sip:91@proxy", (), "forged} ERROR: {forged"),
    ("INVITE", "sip:91@proxy", (), "forged" * 500),
    ("INVITE", "sip:91@proxy", (), ""),
    ("INV\x1b[31mITE", "sip:91@proxy", (), ""),
    ("INVITE", "sip:%0a%20%30(1)%20NOTICE:forged@proxy", (), ""),
    ("INVITE", "sip:\x1b[31mforged@proxy", (), ""),
    ("INVITE", "forged:\x07@proxy", (), ""),
    ("INVITE", "sip:91@proxy forged", (), ""),
    ("OPTIONS", "sip:\x1bforged", (), ""),
    *(
        ("INVITE", "sip:91@proxy", (header.format(FOLDED),), "")
        for header in (
            "From: {}", "To: {}", "Via: {}", "Via: SIP/2.0/UDP {}", "Content-Length: {}", "CSeq: {}", "{}", "{}: x",
            "Route: <{}",
            "Route: <sip:{}>", "Record-Route: {}", "Contact: <{}", "Contact: {}", "Max-Forwards: {}", "Expires: {}",
            "Proxy-Require: {}", "Content-Type: {}", "P-Asserted-Identity: <{}", "Authorization: {}", "Call-ID: {}",
            "Replaces: {}", "Supported: {}", "Require: {}",
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize("address", ["127.32.0.8", PBX_ADDRESS], ids=["stranger", "PBX"])
def test_no_line_of_the_log_is_somebody_elses(scene: Scene, address: str) -> None:
    with_a_route(scene)
    rpc = scene.process.parameters.local_rpc(20)
    with Datagrams(address, scene.proxy) as sender:
        for method, uri, headers, call_id in MESSAGES:
            for to_tag in ("", "made-up"):
                for number in ("now:lines", "now:answers"):
                    rpc.call("htable.seti", "stranger_counts", number, 0)
                if address in counts(scene.process, "strangers"):
                    rpc.call("htable.delete", "strangers", address)
                r_uri = uri.replace("proxy", scene.proxy)
                sender.send(request(method, r_uri, sender.host_port, call_id=call_id, headers=headers, to_tag=to_tag))
                sender.received(0.05)
    assert scene.dial("91").code == 200
    wait_for(lambda: "answered 200" in scene.report(), "the call is in the log")
    assert strange_lines(scene) == []


def test_nor_is_a_line_the_carriers(scene: Scene) -> None:
    """A reply to a call is passed on whatever stands in it, and the log has one line about it."""

    def answer_oddly(incoming: Incoming) -> None:
        incoming.reply(180)
        odd = response(incoming.message, 486, to_tag=incoming.to_tag).encode()
        odd = odd.replace(b"Content-Length: 0\r\n", f"Content-Length: {FOLDED}\r\n".encode())
        incoming.link.socket.sendto(odd, incoming.link.peer)

    scene.route("9", scene.group("Acme", to(scene.carrier(answer_oddly))))
    scene.apply()
    call = scene.dial("91")
    assert call.code == 486
    assert strange_lines(scene) == []
    assert scene.report().count("answered 486 to INVITE, with headers that can't be read") == 1
    assert "forged" not in scene.report()
