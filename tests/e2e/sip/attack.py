"""An attack on an open SIP port with all kinds of packets: 10,000, shuffled reproducibly."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tests.e2e.sip.fuzz import mutated
from tests.e2e.sip.raw import Datagrams, request

SEED = 4
SCANNERS = 20
PACKETS = {"scan": 2_000, "reply": 3_000, "within": 2_400, "fuzz": 2_000, "http": 500, "no via": 100}
TOTAL = sum(PACKETS.values())


class Attack:
    """Send the packets at a steady rate in a thread. ``victim`` (host and port) must receive none of them."""

    def __init__(self, proxy: str, victim: str, carrier: str, rate: int) -> None:
        self.sent = 0
        self._proxy, self._victim, self._carrier, self._rate = proxy, victim, carrier, rate
        self._sources = ExitStack()
        self._thread = threading.Thread(target=self._run, name="attack")
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._strangers = [
            self._sources.enter_context(Datagrams(f"127.35.0.{last}", self._proxy)) for last in range(1, SCANNERS + 1)
        ]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.set()
        self._thread.join()
        self._sources.close()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        start = time.monotonic()
        for source, packet in self._packets():
            source.send(packet)
            source.received()
            self.sent += 1
            if self._stop.wait(max(0.0, start + self.sent / self._rate - time.monotonic())):
                return

    def _packets(self) -> Iterator[tuple[Datagrams, bytes]]:
        chance = random.Random(SEED)
        kinds = [kind for kind, count in PACKETS.items() for _ in range(count)]
        chance.shuffle(kinds)
        mutations = mutated(SEED, PACKETS["fuzz"], self._strangers[0].host_port, self._proxy)
        for number, kind in enumerate(kinds):
            source = self._strangers[number % SCANNERS]
            if kind == "fuzz":
                yield source, next(mutations)
            else:
                yield source, self._packet(kind, number, source.host_port)

    def _packet(self, kind: str, number: int, source: str) -> bytes:
        if kind == "scan":
            method = ("INVITE", "OPTIONS", "REGISTER", "SUBSCRIBE")[number % 4]
            return request(method, f"sip:9{number}@{self._proxy}", source, headers=("User-Agent: friendly-scanner",))
        if kind == "within":
            method = ("INVITE", "BYE", "MESSAGE", "INFO", "REGISTER", "ACK")[number % 6]
            target = f"sip:x@{(self._victim, self._carrier)[number % 2]}"
            route = f"Route: <sip:{self._proxy};lr>"
            more = f"Route: <sip:{self._victim};lr>"
            return request(method, target, source, to_tag="made-up", headers=(route, more)[: 1 + number % 3 // 2])
        if kind == "http":
            return b"GET /RPC HTTP/1.1\r\nHost: kamailio\r\nX-RPC-Token: guessed\r\n\r\n"
        via = f"Via: SIP/2.0/UDP {self._victim};branch=z9hG4bK{number}"
        lines = [
            "SIP/2.0 401 Unauthorized" if kind == "reply" else "SIP/2.0 200 OK",
            *[via, via] * (kind == "reply"),
            f"From: <sip:1000@{self._carrier}>;tag=a{number}",
            f"To: <sip:1000@{self._carrier}>;tag=b{number}",
            f"Call-ID: attack-{number}",
            f"CSeq: 10 {'REGISTER' if kind == 'reply' else 'CANCEL'}",
            'WWW-Authenticate: Digest realm="attacker.example", nonce="00"',
            f"X-Padding: {'x' * 7_000 * (kind == 'reply')}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()
