"""The web server of runlocal: half requests block nobody, and an answer to HEAD has no body."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from kamailio_bridge.local import web_server
from kamailio_bridge.local.web_server import CONNECTIONS, Channel, Server, make_server
from tests.mariadb import HOST

BODY = b"twenty bytes of text"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    sent = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(BODY))), ("X-Sent", str(len(sent)))])
    return [BODY]


@pytest.fixture
def server() -> Iterator[Server]:
    listening = socket.create_server((HOST, 0), backlog=1024)
    server = make_server(listening, application)
    loop = threading.Thread(target=server.run, daemon=True)
    loop.start()
    yield server
    server.close()
    server.task_dispatcher.shutdown()
    loop.join(5)
    for channel in list(server.active_channels.values()):  # type: ignore[attr-defined]
        channel.handle_close()


def connect(server: Server) -> socket.socket:
    connection = socket.create_connection((HOST, int(server.effective_port)), timeout=10)
    connection.settimeout(10)
    return connection


def ask(server: Server, request: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes."""
    with connect(server) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def get(method: str = "GET", *headers: str, body: bytes = b"", last: bool = True) -> bytes:
    lines = [f"{method} / HTTP/1.1", "Host: x", *headers, *(["Connection: close"] if last else []), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def test_an_answer_to_head_has_no_body(server: Server) -> None:
    answer = ask(server, get("HEAD"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 20" in head
    assert body == b""
    assert ask(server, get()).endswith(b"\r\n\r\n" + BODY)


def test_a_head_with_a_body_of_its_own_is_no_second_request(server: Server) -> None:
    smuggled = get("GET")
    answer = ask(server, get("HEAD", f"Content-Length: {len(smuggled)}", body=smuggled))
    assert answer.count(b"HTTP/1.1 200") == 1
    assert f"X-Sent: {len(smuggled)}".encode() in answer
    assert BODY not in answer


HALVES = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half the headers": b"GET / HTTP/1.1\r\nHost: x\r\nX-",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
}


@pytest.mark.parametrize("half", HALVES)
def test_more_half_requests_than_the_server_has_connections_block_nobody(server: Server, half: str) -> None:
    halves = [connect(server) for _ in range(CONNECTIONS + 50)]
    try:
        for connection in halves:
            try:
                connection.sendall(HALVES[half])
            except OSError:
                continue  # it was closed already, to make room
        assert [ask(server, get()).endswith(BODY) for _ in range(5)] == [True] * 5
        assert len(server.active_channels) <= CONNECTIONS  # type: ignore[arg-type]
    finally:
        for connection in halves:
            connection.close()


def test_a_request_that_drips_is_closed_in_the_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_server, "REQUEST_SECONDS", 30)
    with connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        deadline = time.monotonic() + 5
        while not server.active_channels and time.monotonic() < deadline:
            time.sleep(0.01)
        (channel,) = server.active_channels.values()  # type: ignore[attr-defined]
        assert isinstance(channel, Channel)
        while channel.request is None and time.monotonic() < deadline:
            time.sleep(0.01)
        began = channel._began
        channel.last_activity = began + 29  # the last byte came just now
        server.maintenance(int(began + 29))
        assert not channel.will_close
        channel.last_activity = began + 32
        server.maintenance(int(began + 32))
        assert channel.will_close


def test_too_much_is_refused(server: Server) -> None:
    assert b"413" in ask(server, get("POST", f"Content-Length: {web_server.LARGEST_BODY + 1}")).partition(b"\r\n")[0]
    started = b"GET / HTTP/1.1\r\nX-Long: "
    more = b"x" * (web_server.LARGEST_HEADER - len(started))
    assert b"431" in ask(server, started + more).partition(b"\r\n")[0]
