"""A small real HTTP server that answers JSON-RPC as badly as a test asks: every failure of the wire, without a mock."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class HttpNode:
    """The server's address, and every request that it got: method name and headers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/RPC"
        self.requests: list[tuple[dict[str, Any], dict[str, str]]] = []


@contextmanager
def http_node(answer: Answer) -> Iterator[HttpNode]:
    """Serve on a free port of 127.0.0.1; ``answer`` writes the whole response to each JSON-RPC request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            node.requests.append((body, dict(self.headers)))
            self.close_connection = True
            answer(self, body)

        def do_GET(self) -> None:
            node.requests.append(({"path": self.path}, dict(self.headers)))
            self.close_connection = True
            answer(self, {"path": self.path})

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node = HttpNode(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Hanging:
    """A node that drips its header until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while not self.release.wait(0.05):
                handler.wfile.write(b"X-More: to come\r\n")
        except OSError:
            return  # the client has hung up


@contextmanager
def hanging_node() -> Iterator[HttpNode]:
    answer = Hanging()
    with http_node(answer) as node:
        yield node
        answer.release.set()


def reply(handler: BaseHTTPRequestHandler, status: int, content: bytes | dict[str, Any], **headers: str) -> None:
    """Write a whole response; a dict is sent as JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def results(**by_method: Any) -> Answer:
    """Answer each method with the result given for it (dots in names written as two underscores)."""

    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        key = body["method"].replace(".", "__")
        if key in by_method:
            reply(handler, 200, {"jsonrpc": "2.0", "result": by_method[key], "id": body["id"]})
        else:
            error = {"code": 500, "message": "Method Not Found"}
            reply(handler, 500, {"jsonrpc": "2.0", "error": error, "id": body["id"]})

    return answer


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
