"""HTTP to a node, under one deadline: the look-up of its name, connection, header and body together.

The time limits of HTTP libraries begin anew with each piece that arrives, so a node that sends its header a byte at a
time is waited for without end. Here every wait ends at the deadline, whatever arrives before.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

from kamailio_bridge.rpc_address import forbidden_range

CONNECT_SECONDS = 3.0  # a node is near, and one that is down must not delay
_CHUNK_BYTES = 64 * 1024


class AddressForbidden(Exception):
    """The host is at an address to which nothing is sent. ``str()`` names it."""


class AnswerTooLong(Exception):
    """The answer is longer than Kamailio's longest."""


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock."""

    moment: float

    def left(self) -> float:
        """Return the seconds that are left. Raises ``TimeoutError`` when there are none."""
        seconds = self.moment - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def exchange(
    method: str, url: str, headers: dict[str, str], body: bytes, *, deadline: Deadline, max_bytes: int
) -> tuple[int, bytes]:
    """Send one request and return the status and the body of the answer. No redirect is followed, no proxy used.

    Raises ``TimeoutError``, ``OSError``, ``http.client.HTTPException``, ``AddressForbidden`` or ``AnswerTooLong``.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    lines = [f"{method} {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with closing(_connect(host, port, deadline)) as connection:
        connection.settimeout(deadline.left())
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body)
        # HTTPResponse asks a socket for nothing but a file to read.
        answer = http.client.HTTPResponse(cast(socket.socket, _Readable(connection, deadline)), method=method)
        with closing(answer):
            answer.begin()
            return answer.status, _body(answer, max_bytes)


def _body(answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    content = bytearray()
    while chunk := answer.read1(_CHUNK_BYTES):
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLong
    if answer.length:  # what Content-Length promised and did not come
        raise http.client.IncompleteRead(bytes(content))
    return bytes(content)


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of the host that takes the connection.

    The address is looked at when the connection is made, because a name may lead elsewhere than when it was entered.
    """
    failure: OSError = OSError("no address")
    for family, address in _resolve(host, port, deadline):
        if forbidden := forbidden_range(address[0]):
            raise AddressForbidden(forbidden)
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(min(CONNECT_SECONDS, deadline.left()))
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _resolve(host: str, port: int, deadline: Deadline) -> list[tuple[int, Any]]:
    """Look a host up in a thread that is left behind at the deadline: the system's look-up knows no time limit."""
    found: list[tuple[int, Any]] = []
    failures: list[Exception] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((family, address) for family, _, _, _, address in answers)
        except (OSError, UnicodeError) as error:
            failures.append(error)

    thread = threading.Thread(target=look_up, name=f"look up {host}", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if thread.is_alive():
        raise TimeoutError
    if failures:
        raise OSError("unknown host name") from failures[0]
    return found


class _Readable:
    """What ``HTTPResponse`` takes for a socket."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._raw = _TimedReads(connection, deadline)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw, _CHUNK_BYTES)


class _TimedReads(io.RawIOBase):
    """The bytes of a connection, none of which is waited for beyond the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        return self._connection.recv_into(buffer)
