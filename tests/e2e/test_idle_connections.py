"""Strangers who open TCP connections and say nothing: who is admitted goes on, and the site still reloads the node."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.monitoring.status import node_status
from kamailio_bridge.nodes.rpc import NodeUnreachable
from tests.e2e.idle_connections import IdleConnections, idle_connections
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

STRANGER, SPEAKING_STRANGER = "127.34.1.1", "127.34.1.2"
OPTIONS = (
    b"OPTIONS sip:x@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.30.7.99:5060;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
    b"From: <sip:x@example.com>;tag=1\r\nTo: <sip:x@example.com>\r\nCall-ID: CALL-ID\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
RUBBISH = b"rubbish\r\n\r\n"
FEW = 150  # connections of the Kamailio that is filled up
MEGABYTE = 1_000_000
LIFETIME = 5  # kamailio.cfg: tcp_connection_lifetime


@pytest.fixture(scope="module")
def small(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Run a Kamailio with room for few connections, so that filling it up is a matter of a moment."""
    folder = tmp_path_factory.mktemp("small")
    with running_node(folder, environment={"DSIPROUTER_TCP_CONNECTIONS": str(FEW)}) as process:
        yield process


@pytest.fixture
def filled(small: NodeProcess, transactional_db: None) -> Iterator[Scene]:
    scene = Scene(small)
    yield scene
    scene.close()


def strangers_of(scene: Scene, most: int) -> tuple[str, str, int, int]:
    parameters = scene.process.parameters
    return STRANGER, parameters.sip_address, parameters.sip_port, most


def eventually(is_so: Callable[[], bool], seconds: float) -> bool:
    """Ask until it is so, or the seconds are over."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def shared_memory(scene: Scene) -> int:
    return int(scene.node.rpc.call("core.shmmem")["real_used"])


def test_two_thousand_idle_connections_hurt_nobody(scene: Scene) -> None:
    """Once 2,048 ended SIP over TCP and the RPC for an hour."""
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=1)))
    scene.apply()
    before = shared_memory(scene)
    with idle_connections(*strangers_of(scene, 2_100)) as strangers:
        strangers.open(2_100)
        scene.route("8", scene.group("Other", to(carrier, strip=1, prefix="+1")))
        scene.apply()
        assert node_status(scene.node, scene.apply(allow_empty=False).revision).reachable
        call = scene.dial("9123", transport="tcp")
        assert call.code == 200
        assert call.bye() == 200
        assert eventually(lambda: strangers.up() == 0, 4 * LIFETIME), f"{strangers.up()} are still up"
    assert carrier.numbers == ["123"]
    assert shared_memory(scene) - before < MEGABYTE, "their memory was not given back"


def test_with_no_connection_left_the_site_reloads_the_node_and_admitted_calls_go_on(filled: Scene) -> None:
    scene = filled
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=1, transport="tcp")))
    scene.apply()
    call = scene.dial("9123", transport="tcp")
    assert call.code == 200
    other_pbx = scene.agents.enter_context(UserAgent(scene.pbx.address))
    with idle_connections(*strangers_of(scene, 2 * FEW)) as strangers:
        strangers.open(2 * FEW, spread=True)
        with pytest.raises(NodeUnreachable):
            scene.process.parameters.rpc().call("core.uptime")
        assert strangers.up() > FEW / 2, "the connections are there still"

        scene.route("8", scene.group("Other", to(carrier, strip=1, prefix="+1")))
        applied = apply(author=None, nodes=[scene.node])
        assert applied.ok, applied.sentence
        status = node_status(scene.node, applied.revision)
        assert (status.reachable, status.in_step, status.registered) == (True, True, 0), status.sentence

        # The PBX's connection, and ours to the carrier, are up and serve the call.
        assert call.reinvite() == 200
        assert call.bye() == 200
        # Who is admitted and has no connection gets one as soon as the first strangers are closed.
        assert eventually(lambda: strangers.up() == 0, 4 * LIFETIME), f"{strangers.up()} are still up"
        second = other_pbx.call("9456", scene.proxy, transport="tcp")
        assert second.code == 200
        assert second.bye() == 200
    assert [number for number in carrier.numbers if number] == ["123", "456"]  # a re-INVITE goes to the Contact


def test_connections_of_carriers_and_pbxs_outlast_the_strangers(scene: Scene) -> None:
    """Ours to the carrier, too: the BYE after a long talk goes by the connection of the INVITE."""
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=1, transport="tcp")))
    scene.apply()
    call = scene.dial("9123", transport="tcp")
    assert call.code == 200
    with idle_connections(*strangers_of(scene, 1)) as strangers:
        strangers.open(1)
        assert eventually(lambda: strangers.up() == 0, 4 * LIFETIME)
        time.sleep(2 * LIFETIME)  # what would be closed like a stranger's is closed by now
    assert call.bye() == 200
    (invite,), (bye,) = carrier.requests("INVITE"), carrier.wait_for("BYE")
    assert bye.link.peer == invite.link.peer, "a new connection was made"
    assert call._link.socket.fileno() != -1, "the PBX's connection was closed"


def test_an_admitted_address_that_says_nothing_is_closed_too(scene: Scene) -> None:
    """Whoever can't be told from a stranger yet: a PBX that needs its connection sends something, and it stays."""
    scene.apply(allow_empty=True)
    silent = IdleConnections(scene.pbx.address, *strangers_of(scene, 1)[1:3])
    silent.open(1)
    try:
        assert eventually(lambda: silent.up() == 0, 4 * LIFETIME)
    finally:
        silent.close()


@pytest.mark.parametrize(("message", "answers"), [(OPTIONS, 5), (OPTIONS.replace(b"OPTIONS", b"ACK"), 0), (RUBBISH, 0)])
def test_a_stranger_who_speaks_is_closed_too(scene: Scene, message: bytes, answers: int) -> None:
    """Nobody keeps a connection by asking again and again: what gets no answer ends it."""
    scene.apply(allow_empty=True)
    parameters = scene.process.parameters
    target = (parameters.sip_address, parameters.sip_port)
    said = b""
    with socket.create_connection(target, timeout=5, source_address=(SPEAKING_STRANGER, 0)) as stranger:
        stranger.settimeout(LIFETIME / 5)
        for number in range(20 * LIFETIME):
            try:
                stranger.sendall(message.replace(b"CALL-ID", f"{time.time()}-{number}".encode()))
                data = stranger.recv(65_535)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not data:
                break
            said += data
        else:
            pytest.fail("it is still up, and was renewed by each message")
    assert said.count(b"SIP/2.0 403 Forbidden") == answers
