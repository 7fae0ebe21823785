"""2,000 mutated messages: the node stays up and answers, its memory stays as it was, and its log is its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.counts import wait_for
from tests.e2e.scene import PBX_ADDRESS, Scene, scene_on_own_node, to
from tests.e2e.sip.fuzz import MARK, mutated
from tests.e2e.sip.raw import Datagrams, over_tcp
from tests.e2e.test_strangers import strange_lines

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

SEED = 8
STRANGERS_MESSAGES = 1_400
ADMITTED_MESSAGES = 400
TCP_MESSAGES = 200
FLAT = 1_000_000  # bytes; what the calls of the test itself take and give back is of that size


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    with scene_on_own_node(tmp_path / "edge") as scene:
        yield scene


def shared_memory(process: NodeProcess) -> int:
    """Return how many bytes of shared memory are in use."""
    return int(process.parameters.local_rpc(20).call("core.shmmem")["used"])


def processes(scene: Scene) -> list[int]:
    return sorted(process["PID"] for process in scene.process.parameters.local_rpc(20).call("core.psx"))


def quiet_memory(scene: Scene) -> int:
    """Return the memory in use once no transaction is under way."""
    rpc = scene.process.parameters.local_rpc(20)
    wait_for(lambda: rpc.call("tm.stats")["current"] == 0, "transactions end")
    return shared_memory(scene.process)


def test_two_thousand_mutated_messages(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    assert scene.dial("91").bye() == 200
    workers, before = processes(scene), quiet_memory(scene)
    with Datagrams("127.34.0.1", scene.proxy) as stranger:
        for message in mutated(SEED, STRANGERS_MESSAGES, stranger.host_port, scene.proxy):
            stranger.send(message)
            stranger.received()
        call = scene.dial("91")
        assert (call.code, call.bye()) == (200, 200)
    # The few requests that were answered are in the log with their Call-ID, in printable ASCII.
    lines = scene.report().splitlines()
    refused = re.compile(
        r" ?\d+\(\d+\) NOTICE: \{1 [!-z]+ [!-z]+\} <script>: [!-z]+ from 127\.34\.0\.1:\d+ refused, .*"
    )
    assert [line for line in lines if MARK in line and not refused.fullmatch(line)] == []
    assert strange_lines(scene) == []
    target = ("127.0.0.1", scene.process.parameters.sip_port)
    for message in mutated(SEED + 1, TCP_MESSAGES, "127.34.0.2:5060", scene.proxy):
        over_tcp(message, "127.34.0.2", target, 0.02)
    # Kamailio says with which character a stream is broken; no setting is against that, and more it does not say.
    one = re.compile(r".* tcp_read_headers\(\): bad Content-Length header value, unexpected char . in state \d+")
    assert [line for line in strange_lines(scene) if not one.fullmatch(line)] == []
    call = scene.dial("91", transport="tcp")
    assert (call.code, call.bye()) == (200, 200)
    scene.pbx.close()
    with Datagrams(PBX_ADDRESS, scene.proxy) as pbx:
        for message in mutated(SEED + 2, ADMITTED_MESSAGES, pbx.host_port, scene.proxy):
            pbx.send(message)
            pbx.received()
        ours = re.findall(rf"<script>: .*(?:{MARK}).*", scene.report())
        assert [line for line in ours if not re.fullmatch(r"[ -~]*", line)] == []
    caller = scene.carrier(address=carrier.address)
    call = caller.call("1444", scene.proxy)
    assert call.code in (200, 503)  # the PBX's own port is closed by now
    assert processes(scene) == workers
    assert quiet_memory(scene) - before < FLAT
