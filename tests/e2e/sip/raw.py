"""Raw packets of attackers, without a user agent and possibly invalid."""

from __future__ import annotations

import itertools
import socket
from types import TracebackType
from typing import Self

from tests.e2e.sip.wire import MAX_DATAGRAM

_numbers = itertools.count(1)


def request(
    method: str,
    uri: str,
    source: str,
    *,
    transport: str = "UDP",
    call_id: str = "",
    to_tag: str = "",
    headers: tuple[str, ...] = (),
    body: bytes = b"",
) -> bytes:
    """Return a request; each has a new branch. ``source`` is host and port of the sender."""
    number = next(_numbers)
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {source};branch=z9hG4bK-raw-{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:raw@{source}>;tag=raw{number}",
        f"To: <{uri}>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id or f'raw-{number}'}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:raw@{source}>",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


PAUSE = 0.3  # seconds; longer means that no further packet follows


class Datagrams:
    """A UDP socket at a separate address."""

    def __init__(self, address: str, proxy: str) -> None:
        host, _, port = proxy.rpartition(":")
        self._proxy = (host.strip("[]"), int(port))
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        own_port = self._socket.getsockname()[1]
        self.host_port = f"[{address}]:{own_port}" if ":" in address else f"{address}:{own_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self._socket.sendto(datagram, self._proxy)

    def received(self, timeout: float = 0.0) -> list[bytes]:
        """Return the packets since the last call; wait this long for the first, and ``PAUSE`` for each further one."""
        self._socket.settimeout(timeout)
        found = []
        while True:
            try:
                found.append(self._socket.recv(MAX_DATAGRAM))
            except (TimeoutError, BlockingIOError):
                return found
            self._socket.settimeout(min(timeout, PAUSE))

    def codes(self, timeout: float = 0.0) -> list[int]:
        """Return the codes of the responses since the last call."""
        return [int(data.split(b" ", 2)[1]) for data in self.received(timeout)]


def over_tcp(data: bytes, source: str, target: tuple[str, int], timeout: float = 5.0) -> bytes:
    """Send bytes over a connection, and return the data until the other side closes it or is silent this long."""
    with socket.create_connection(target, timeout, source_address=(source, 0)) as connection:
        connection.sendall(data)
        received = b""
        try:
            while chunk := connection.recv(MAX_DATAGRAM):
                received += chunk
        except TimeoutError:
            return received + b"[still open]"
        except ConnectionResetError:
            return received
        return received
