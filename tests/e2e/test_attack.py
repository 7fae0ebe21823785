"""All attacks of strangers at once: no call of a PBX fails, a reload goes through, and memory stays as it was."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from carriers.models import CarrierGroup
from kamailio_bridge.monitoring.status import node_status
from tests.e2e.counts import counts, wait_for
from tests.e2e.idle_connections import idle_connections
from tests.e2e.scene import Scene, scene_on_own_node, to
from tests.e2e.sip.attack import PACKETS, TOTAL, Attack
from tests.e2e.test_fuzz import quiet_memory

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

CALLS_PER_SECOND = 20
PACKETS_PER_SECOND = 500
CONNECTIONS = 2_100
RELOADS = 3
MEGABYTE = 1_000_000
logger = logging.getLogger(__name__)


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    with scene_on_own_node(tmp_path / "edge") as scene:
        yield scene


class Calls:
    """Let the PBX place calls at a steady rate, each with a number of its own, and hang up."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._pool = ThreadPoolExecutor(20)
        self._placed: list[Future[tuple[int, int]]] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calls")

    def __enter__(self) -> Calls:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._pool.shutdown()

    def codes(self) -> list[tuple[int, int]]:
        """Return for each call the answers to its INVITE and its BYE."""
        return [call.result() for call in self._placed]

    def _run(self) -> None:
        start = time.monotonic()
        while not self._enough.is_set():
            self._placed.append(self._pool.submit(self._place, f"91{len(self._placed):05}"))
            self._enough.wait(max(0.0, start + len(self._placed) / CALLS_PER_SECOND - time.monotonic()))

    def _place(self, number: str) -> tuple[int, int]:
        call = self._scene.dial(number)
        return call.code, call.bye() if call.code == 200 else 0


def timed_reloads(scene: Scene, group: CarrierGroup, first: int) -> list[float]:
    """Change the routes and press the button some times; return the seconds that each took."""
    seconds = []
    for number in range(first, first + RELOADS):
        scene.route(f"7{number}", group)
        start = time.monotonic()
        scene.apply()
        seconds.append(time.monotonic() - start)
    return seconds


def test_no_call_fails_while_strangers_attack(
    scene: Scene, record_testsuite_property: Callable[[str, object], None]
) -> None:
    carrier, victim = scene.carrier(), scene.stranger()
    group = scene.group("Acme", to(carrier, strip=1))
    scene.route("9", group)
    scene.apply()
    sip_port = scene.process.parameters.sip_port
    with Calls(scene) as calm:
        without = timed_reloads(scene, group, 0)
    before = quiet_memory(scene)
    oracle = scene.dial("9100")
    assert oracle.code == 200
    with (
        idle_connections("127.35.1.1", "127.0.0.1", sip_port, CONNECTIONS) as connections,
        Attack(scene.proxy, victim.host_port, carrier.host_port, PACKETS_PER_SECOND) as attack,
        Calls(scene) as calls,
    ):
        connections.open(CONNECTIONS)
        under = timed_reloads(scene, group, RELOADS)
        assert not attack.is_over
        # An admitted PBX tries, too: a request within its call to where it likes, to be given a digest there.
        dialog = oracle.dialog(oracle.wait())
        for method in ("INVITE", "INFO", "BYE"):
            assert scene.pbx.ask_within(dialog, method, target=f"sip:x@{victim.host_port}").code == 403
        status = node_status(scene.node, None)
        assert status.reachable
        assert scene.dial("9101", transport="tcp").bye() == 200
        wait_for(lambda: attack.is_over, "the attack ends")
    answers = calls.codes()
    assert len(answers) > 100
    assert [answer for answer in [*calm.codes(), *answers] if answer != (200, 200)] == []
    assert attack.sent == TOTAL
    assert victim.received == []
    assert oracle.bye() == 200
    found = counts(scene.process)
    assert found["dropped"] > PACKETS["scan"] / 2
    assert found["replies"] > PACKETS["reply"] / 2
    assert "attacker.example" not in scene.report()
    wait_for(lambda: connections_open(scene) < 100, "idle connections are closed")
    assert quiet_memory(scene) - before < MEGABYTE
    ratio = statistics.median(under) / statistics.median(without)
    record_testsuite_property("reload under attack against one without", round(ratio, 2))
    logger.info("reloads without an attack %s, under it %s: %.2f times as long", without, under, ratio)


def connections_open(scene: Scene) -> int:
    return int(scene.process.parameters.local_rpc(20).call("core.tcp_info")["opened_connections"])
