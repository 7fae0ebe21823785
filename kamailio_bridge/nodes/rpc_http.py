"""HTTP to a node under one deadline for name look-up, connection, header and body.

The time limits of the library requests restart with each piece that arrives: a node that sends its header byte by byte
could block it for ever. So requests uses our own socket, on which every wait ends at the deadline.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError

from kamailio_bridge.nodes.rpc_address import forbidden_range

CONNECT_SECONDS = 3.0  # nodes are near, and one that is down must not delay
_CHUNK_BYTES = 64 * 1024


class AddressForbidden(Exception):
    """The host has an address to which nothing may be sent. ``str()`` names it."""


class AnswerTooLong(Exception):
    """The answer is longer than the limit."""


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock."""

    moment: float

    def left(self) -> float:
        """Return the remaining seconds. Raises ``TimeoutError`` after the deadline."""
        seconds = self.moment - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def exchange(
    method: str, url: str, headers: dict[str, str], body: bytes, *, deadline: Deadline, max_bytes: int
) -> tuple[int, bytes]:
    """Send one request; return status and body of the answer. It follows no redirect and uses no proxy.

    Raises ``TimeoutError``, ``OSError`` (``requests.RequestException`` is one), ``http.client.HTTPException``,
    ``AddressForbidden`` or ``AnswerTooLong``.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    with closing(_connect(host, port, deadline)) as connection, requests.Session() as session:
        session.trust_env = False  # a proxy or .netrc of the environment must never see the token
        session.mount("http://", _OverOneConnection(host, port, connection))
        try:
            with session.request(
                method,
                url,
                data=body,
                headers={**headers, "Accept-Encoding": "identity", "Connection": "close"},
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, _body(response, max_bytes)
        except (requests.Timeout, ReadTimeoutError):
            raise TimeoutError from None
        except (requests.RequestException, HTTPError) as error:
            raise _innermost(error) from None


def _innermost(error: BaseException) -> BaseException:
    """Return the exception of socket or http.client that requests and urllib3 have wrapped."""
    inner = (*error.args, error.__cause__, error.__context__)
    wrapped = next((each for each in inner if isinstance(each, BaseException)), None)
    return error if wrapped is None else _innermost(wrapped)


def _body(response: requests.Response, max_bytes: int) -> bytes:
    content = bytearray()
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLong
    return bytes(content)


class _OverOneConnection(HTTPAdapter):
    """Send requests over an existing connection."""

    def __init__(self, host: str, port: int, connection: socket.socket) -> None:
        super().__init__(max_retries=0)
        self._pool = _Pool(host, port, connection)

    def get_connection_with_tls_context(self, *_request: Any, **_options: Any) -> HTTPConnectionPool:
        return self._pool


class _Pool(HTTPConnectionPool):
    def __init__(self, host: str, port: int, connection: socket.socket) -> None:
        super().__init__(host, port)
        self._connection = connection

    def _new_conn(self) -> Any:
        made: Any = super()._new_conn()
        made.sock = self._connection
        return made


def _connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address of the host that accepts the connection.

    The address is checked when the connection is made, because a name may resolve differently than when it was entered.
    """
    failure: OSError = OSError("no address")
    for family, address in _resolve(host, port, deadline):
        if forbidden := forbidden_range(address[0]):
            raise AddressForbidden(forbidden)
        connection = _TimedSocket(family, deadline)
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
    """Look up a host in a thread that is abandoned at the deadline: the system's look-up has no time limit."""
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


class _TimedSocket(socket.socket):
    """A TCP socket on which no wait exceeds the deadline, whatever time limits are set on it."""

    def __init__(self, family: int, deadline: Deadline) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._deadline = deadline

    def sendall(self, *arguments: Any) -> None:
        self.settimeout(self._deadline.left())
        super().sendall(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(self._deadline.left())
        return super().recv_into(*arguments)
