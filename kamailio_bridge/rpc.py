"""The JSON-RPC client: one node's answers, or one typed error with a sentence for the operator.

Kamailio answers over HTTP with the JSON-RPC error code as the status; it closes the connection without a word on
malformed JSON, and never answers when its reply does not fit its memory (facts, section 2). So every call has a
deadline from connecting to the last byte, follows no redirect, uses no proxy, and believes only a complete JSON-RPC
answer to its own request.
"""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field, replace
from typing import Any, cast

import requests
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as WireTimeout

CONNECT_TIMEOUT = 3.0  # seconds; a node is near, and a dead one must not delay
MAX_ANSWER_BYTES = 128 * 1024 * 1024  # dispatcher.list of 100,000 endpoints is 28 MB
_CHUNK_BYTES = 64 * 1024
_request_ids = itertools.count(1)


class RpcError(Exception):
    """A call to a node went wrong. ``str()`` is one sentence that says what happened and what to do."""


class NodeUnreachable(RpcError):
    """Nothing listens there, or it closed the connection."""


class NodeTimeout(RpcError):
    """The answer did not arrive in time."""


class NodeRefused(RpcError):
    """The node does not accept our token or our address."""


class InvalidAnswer(RpcError):
    """What came back is no JSON-RPC answer."""


class CallFailed(RpcError):
    """The node answered with a JSON-RPC error. ``code`` and ``message`` are Kamailio's."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method} failed: {message} (code {code}).")
        self.method = method
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Rpc:
    """JSON-RPC calls to one node. ``timeout`` is in seconds and covers a whole call; the token is never shown.

    ``deadline`` is the moment (of the monotonic clock) by which all calls of a job must be done; ``trouble`` says why
    the node can't be called at all, its token being missing for example.
    """

    url: str
    token: str = field(repr=False)
    timeout: float
    deadline: float | None = None
    trouble: str = ""

    def within(self, seconds: float) -> Rpc:
        """Return a client whose calls together may take ``seconds`` from now on."""
        return replace(self, timeout=seconds, deadline=time.monotonic() + seconds)

    def call(self, method: str, *params: str | int) -> Any:
        """Call ``method`` and return its result. Raises a subclass of ``RpcError``."""
        request_id = next(_request_ids)
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        status, content = self._exchange("POST", self.url, method, json_body=body)
        return self._result(method, request_id, status, content)

    def get(self, path: str) -> tuple[int, str]:
        """Fetch another page of the node's HTTP server, such as the dry run, and return status and text."""
        status, content = self._exchange("GET", self.url.rsplit("/", 1)[0] + path, f"GET {path}")
        return status, content.decode("utf-8", "replace")

    def _exchange(
        self, http_method: str, url: str, what: str, *, json_body: dict[str, Any] | None = None
    ) -> tuple[int, bytes]:
        if self.trouble:
            raise NodeRefused(f"{what}: {self.trouble}")
        start = time.monotonic()
        deadline = start + self.timeout if self.deadline is None else min(start + self.timeout, self.deadline)
        left = deadline - start
        if left <= 0:
            raise self._too_late(what)
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy or .netrc of the environment must never see the token
                response = session.request(
                    http_method,
                    url,
                    json=json_body,
                    headers={"X-RPC-Token": self.token, "Connection": "close"},
                    timeout=(min(CONNECT_TIMEOUT, left), left),
                    allow_redirects=False,
                    stream=True,
                )
                with response:
                    return response.status_code, self._body(response, deadline, what)
        except (requests.Timeout, WireTimeout):
            raise self._too_late(what) from None
        except (requests.RequestException, HTTPError) as error:
            raise NodeUnreachable(
                f"{what}: no answer from {self.url} ({_reason(error)})."
                " Check that Kamailio runs there and that its RPC address and port are right."
            ) from None

    def _body(self, response: requests.Response, deadline: float, what: str) -> bytes:
        """Read the body as it comes: a read of a whole chunk would wait for an answer that drips without end."""
        content = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise InvalidAnswer(f"{what}: the answer of {self.url} is too long to be Kamailio's.")
            if time.monotonic() > deadline:
                raise self._too_late(what)
        return bytes(content)

    def _too_late(self, what: str) -> NodeTimeout:
        return NodeTimeout(
            f"{what}: {self.url} did not answer within {self._limit()}."
            " Kamailio may be busy, stopped, or out of package memory (-M): look at its log, then try again."
        )

    def _limit(self) -> str:
        return f"{self.timeout:g} s" + (
            ", which it has for all questions together" if self.deadline is not None else ""
        )

    def _result(self, method: str, request_id: int, status: int, content: bytes) -> Any:
        if status in (401, 403):
            raise NodeRefused(
                f"{method}: {self.url} refused us (HTTP {status})."
                " Check that DSIPROUTER_RPC_TOKEN is the same here and at Kamailio, and that it admits this host."
            )
        if 300 <= status < 400:
            raise InvalidAnswer(f"{method}: {self.url} redirects elsewhere, which Kamailio never does: check the URL.")
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if (
            not isinstance(answer, dict)
            or answer.get("id") != request_id
            or ("result" in answer) == ("error" in answer)
        ):
            raise InvalidAnswer(
                f"{method}: {self.url} answered HTTP {status} with something that is no JSON-RPC answer:"
                " check that the URL is Kamailio's."
            )
        if "error" in answer:
            raise _call_failed(method, answer["error"])
        if status != 200:
            raise InvalidAnswer(f"{method}: {self.url} answered HTTP {status} with a result, which contradict.")
        return answer["result"]


def _call_failed(method: str, error: object) -> RpcError:
    if isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str):
        return CallFailed(method, error["code"], cast(str, error["message"]).rstrip("."))
    return InvalidAnswer(f"{method}: the node reported an error without a code and a message.")


def _reason(error: Exception) -> str:
    """Say why in few words: the exception's own text holds object addresses and repeats the URL."""
    text = str(error)
    for sign, reason in (
        ("refused", "connection refused"),
        ("timed out", "timed out"),
        ("Name or service not known", "unknown host name"),
        ("name resolution", "unknown host name"),
        ("unreachable", "network unreachable"),
        ("reset", "connection reset"),
        ("without response", "it closed the connection without a word"),
        ("IncompleteRead", "it closed the connection in the middle of the answer"),
    ):
        if sign in text:
            return reason
    return type(error).__name__
