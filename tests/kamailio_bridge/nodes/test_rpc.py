"""Every way in which a node's answer can fail, from a real HTTP server on 127.0.0.1."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from kamailio_bridge.nodes.rpc import (
    CallFailed,
    InvalidAnswer,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    Rpc,
    RpcError,
)
from tests.kamailio_bridge.http_node import free_port, http_node, reply, results
from tests.namespaces import in_namespace

IN_NAMESPACE = "TEST_RUNS_IN_A_NAMESPACE"
TOKEN = "a-token-that-must-not-show"


def rpc(url: str, timeout: float = 5.0) -> Rpc:
    return Rpc(url, TOKEN, timeout)


def failure(answer: Any, timeout: float = 5.0) -> RpcError:
    with http_node(answer) as node, pytest.raises(RpcError) as caught:
        rpc(node.url, timeout).call("core.version")
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


def test_returns_the_result_and_sends_the_token() -> None:
    with http_node(results(core__version="kamailio 5.6.3")) as node:
        assert rpc(node.url).call("core.version") == "kamailio 5.6.3"
        body, headers = node.requests[0]
    assert body["method"] == "core.version"
    assert body["params"] == []
    assert headers["X-RPC-Token"] == TOKEN


def test_the_token_is_not_in_the_representation() -> None:
    assert TOKEN not in repr(rpc("http://127.0.0.1:1/RPC"))


def test_names_a_node_that_is_down() -> None:
    with pytest.raises(NodeUnreachable, match=r"connection refused.*Check that Kamailio runs there"):
        rpc(f"http://127.0.0.1:{free_port()}/RPC").call("core.version")


def test_a_json_rpc_error_has_its_code_and_message() -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reply(handler, 500, {"jsonrpc": "2.0", "error": {"code": 500, "message": "Reload Failed"}, "id": body["id"]})

    error = failure(answer)
    assert isinstance(error, CallFailed)
    assert (error.code, error.message) == (500, "Reload Failed")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 200),
        (b"{not json", 200),
        (b"<html>nginx</html>", 502),
        (b"[]", 200),
        (b'{"jsonrpc": "2.0", "result": "ok", "id": 0}', 200),
        (b'{"jsonrpc": "2.0", "id": 0}', 200),
        (b"[" * 200_000, 200),
        (b'{"result": ' * 200_000, 200),
        (b"\xff\xfe", 200),
        (b"null", 200),
        (b"NaN", 200),
    ],
)
def test_refuses_what_is_no_json_rpc_answer(content: bytes, status: int) -> None:
    error = failure(lambda handler, body: reply(handler, status, content))
    assert isinstance(error, InvalidAnswer)


@pytest.mark.parametrize(
    "result",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"1" + b"0" * 30,
        rb'"half of a character: \ud800"',
        b'"half of a character: \xed\xa0\x80"',
        b'"not UTF-8: \xe4"',
        b'"a bare\nnew line"',
    ],
)
def test_refuses_json_that_can_not_be_used(result: bytes) -> None:
    """Python's parser takes some of these, and whoever reads, prints or stores them fails later."""
    error = failure(
        lambda handler, body: reply(handler, 200, b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (body["id"], result))
    )
    assert isinstance(error, InvalidAnswer)


def test_takes_characters_beyond_the_first_plane() -> None:
    with http_node(results(core__version="a telephone: \U0001f4de")) as node:
        assert rpc(node.url).call("core.version") == "a telephone: \U0001f4de"


def test_an_id_of_another_type_is_no_answer_to_ours() -> None:
    error = failure(lambda handler, body: reply(handler, 200, {"result": "ok", "id": str(body["id"])}))
    assert isinstance(error, InvalidAnswer)


@pytest.mark.parametrize("broken", ["oops", {"code": "x"}, None, {"message": "no code"}])
def test_refuses_an_error_without_code_and_message(broken: Any) -> None:
    error = failure(lambda handler, body: reply(handler, 500, {"error": broken, "id": body["id"]}))
    assert isinstance(error, InvalidAnswer)


def test_refuses_a_result_in_the_clothes_of_a_failure() -> None:
    error = failure(lambda handler, body: reply(handler, 500, {"result": "ok", "id": body["id"]}))
    assert isinstance(error, InvalidAnswer)


def test_refuses_an_answer_with_both_a_result_and_an_error() -> None:
    both = {"result": "ok", "error": {"code": 500, "message": "no"}}
    assert isinstance(failure(lambda handler, body: reply(handler, 200, {**both, "id": body["id"]})), InvalidAnswer)


@pytest.mark.parametrize("status", [401, 403])
def test_says_that_the_token_is_wrong(status: int) -> None:
    error = failure(lambda handler, body: reply(handler, status, b"no"))
    assert isinstance(error, NodeRefused)
    assert "DSIPROUTER_RPC_TOKEN" in str(error)


def test_follows_no_redirect() -> None:
    with http_node(results(core__version="elsewhere")) as elsewhere:
        error = failure(lambda handler, body: reply(handler, 302, b"", Location=elsewhere.url))
        assert elsewhere.requests == []
    assert isinstance(error, InvalidAnswer)
    assert "redirects" in str(error)


def test_uses_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with http_node(results(core__version="direct")) as node:
        assert rpc(node.url).call("core.version") == "direct"


def test_gives_up_on_a_silent_node() -> None:
    error = failure(lambda handler, body: time.sleep(1.5), timeout=0.3)
    assert isinstance(error, NodeTimeout)
    assert "within 0.3 s" in str(error)


def test_gives_up_on_an_answer_that_drips() -> None:
    """A timeout between bytes alone would let one byte every now and then hold the button for ever."""

    def drip(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        try:
            for _ in range(30):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return  # the client has hung up, as it should

    assert isinstance(failure(drip, timeout=0.5), NodeTimeout)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: x\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
)
def test_whatever_drips_has_the_one_deadline(start: bytes, drop: bytes) -> None:
    """Status line, header, 100 Continue, chunk sizes: each byte renews the time limits of HTTP libraries."""
    drops = 0

    def drip(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        nonlocal drops
        handler.wfile.write(start)
        with contextlib.suppress(OSError):  # the client hangs up, as it should
            for drops in range(100):  # noqa: B007
                handler.wfile.write(drop)
                time.sleep(0.05)

    error = failure(drip, timeout=0.5)
    assert isinstance(error, NodeTimeout)
    assert "within 0.5 s" in str(error)
    assert drops < 50, "it was listened to far beyond the deadline"


def test_a_request_that_is_not_taken_has_the_deadline_too() -> None:
    """A node may connect and read nothing: what does not fit the buffers waits."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/RPC"
        with pytest.raises(NodeTimeout):
            rpc(url, 0.5).call("core.version", "x" * 50_000_000)


@pytest.mark.parametrize(
    "header", [b"nonsense\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_what_is_no_http_is_no_answer(header: bytes) -> None:
    def answer(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.wfile.write(header + b"\r\n")

    assert isinstance(failure(answer), InvalidAnswer)


def test_names_a_connection_closed_without_a_word() -> None:
    """Kamailio does that with JSON that it can't read (docs/kamailio-facts.md#rpc-answers)."""
    error = failure(lambda handler, body: None)
    assert isinstance(error, NodeUnreachable)
    assert "without a word" in str(error)


def test_names_an_answer_that_ends_in_the_middle() -> None:
    def half(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"jsonrpc": "2.0", "result": ')

    assert isinstance(failure(half), NodeUnreachable)


def test_fetches_a_page_with_the_token() -> None:
    def page(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        reply(handler, 404, f"no route for {body['path']}".encode())

    with http_node(page) as node:
        assert rpc(node.url).get("/ROUTE/42") == (404, "no route for /ROUTE/42")
        assert node.requests[0][1]["X-RPC-Token"] == TOKEN


def test_all_calls_of_a_job_together_have_one_time_limit() -> None:
    """A node that takes its time over each answer is not waited for as often as it is asked."""

    def slow(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        time.sleep(0.2)
        with contextlib.suppress(BrokenPipeError):
            results(core__version="5.6")(handler, body)

    def ask_ten_times(job: Rpc) -> None:
        for _ in range(10):
            job.call("core.version")

    with http_node(slow) as node:
        job = rpc(node.url).within(0.5)
        with pytest.raises(NodeTimeout, match="s, which it has for all questions together"):
            ask_ten_times(job)
        asked = len(node.requests)
        assert asked <= 3
        with pytest.raises(NodeTimeout):
            job.call("core.version")
        assert len(node.requests) == asked, "nothing is sent when the time is over"


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "[fe80::1]"])
def test_nothing_is_sent_to_a_link_local_address(host: str) -> None:
    with pytest.raises(NodeRefused, match=r"nothing is sent to .* link-local\. Change the node's RPC URL\."):
        rpc(f"http://{host}:5062/RPC").call("core.version")


def test_a_name_is_looked_at_when_the_connection_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Resolved by the system itself: a name that meant something else when it was entered."""
    if os.environ.get(IN_NAMESPACE):
        for name in ("rebound.example", "rebound6.example"):
            with pytest.raises(NodeRefused, match="link-local"):
                rpc(f"http://{name}:5062/RPC").call("core.version")
        return
    hosts = tmp_path / "hosts"
    hosts.write_text("169.254.169.254 rebound.example\n::ffff:169.254.169.254 rebound6.example\n")
    test = f"{__file__}::{test_a_name_is_looked_at_when_the_connection_is_made.__name__}"
    reported = in_namespace(
        "mount",
        f"mount --bind {hosts} /etc/hosts",
        f"{sys.executable} -m pytest -q -p no:cacheprovider {test}",
        env={IN_NAMESPACE: "1"},
    )
    assert "1 passed" in reported


def test_a_name_that_does_not_exist_is_reported() -> None:
    with pytest.raises(NodeUnreachable, match="unknown host name"):
        rpc("http://nowhere.invalid:5062/RPC").call("core.version")
