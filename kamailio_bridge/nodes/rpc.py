"""The JSON-RPC client of a node. Every failure is an ``RpcError`` with a sentence for the operator.

A node on this machine is called by its pipe first (rpc_fifo), any other by HTTP, where the JSON-RPC error code is the
status. Kamailio closes the connection without an answer on malformed JSON, and never answers when its reply does not
fit its memory (docs/kamailio-facts.md#long-rpc-answers). So every call has a deadline from connecting to the last byte,
follows no redirect, uses no proxy, and accepts only a complete JSON-RPC answer to its own request.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from typing import Any, cast

from kamailio_bridge.nodes.rpc_fifo import NoFifo, exchange_by_fifo
from kamailio_bridge.nodes.rpc_http import AddressForbidden, AnswerTooLong, Deadline, exchange

MAX_ANSWER_BYTES = 128 * 1024 * 1024  # dispatcher.list of 100,000 endpoints is 28 MB
NOT_ADMITTED = b"The admin site has no such command."  # http.cfg
HTTP_ONLY = ("tm.t_uac_wait",)  # asynchronous: Kamailio answers it by HTTP only
_CHANGES = re.compile(r"reload|reg_(refresh|remove|enable|disable|unregister)", re.IGNORECASE)
LARGEST_NUMBER = 2**63  # Kamailio's numbers have 64 bits
_LONGEST_INTEGER = 20  # characters of such a number
_SURROGATE = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
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
    """The answer is not a valid JSON-RPC answer."""


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
    the node can't be called by HTTP at all, for example for lack of a token. ``fifo`` is the pipe of a node on this
    machine (rpc_fifo): it is tried first, needs no token, and may be absent.
    """

    url: str
    token: str = field(repr=False)
    timeout: float
    deadline: float | None = None
    trouble: str = ""
    fifo: Path | None = None

    def within(self, seconds: float) -> Rpc:
        """Return a client whose calls together may take ``seconds`` from now on."""
        return replace(self, timeout=seconds, deadline=time.monotonic() + seconds)

    def call(self, method: str, *params: str | int) -> Any:
        """Call ``method`` and return its result. Raises a subclass of ``RpcError``."""
        request_id = next(_request_ids)
        body = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        content = self._by_fifo(method, body)
        status = 200
        if content is None:
            status, content = self._exchange("POST", self.url, method, body=json.dumps(body).encode())
        return self._result(method, request_id, status, content)

    def get(self, path: str) -> tuple[int, str]:
        """Fetch another page of the node's HTTP server, such as the dry run: status and text. Raises ``RpcError``."""
        status, content = self._exchange("GET", self.url.rsplit("/", 1)[0] + path, f"GET {path}")
        return status, content.decode("utf-8", "replace")

    def _by_fifo(self, method: str, body: dict[str, Any]) -> bytes | None:
        """Call by the node's pipe; return None if HTTP is to be used.

        A query without an answer by the pipe is repeated by HTTP after half of the time. A change is not, because it
        might happen twice, the second time after a later one.
        """
        if self.fifo is None or method in HTTP_ONLY:
            return None
        is_question = not _CHANGES.search(method)
        deadline = self._deadline(method, share=0.5 if is_question else 1)
        try:
            return exchange_by_fifo(self.fifo, body, deadline=deadline, max_bytes=MAX_ANSWER_BYTES)
        except NoFifo:
            return None
        except TimeoutError:
            if is_question:
                return None
            raise self._too_late(method) from None
        except AnswerTooLong:
            raise InvalidAnswer(f"{method}: the answer of {self.fifo} is too long to be Kamailio's.") from None
        except OSError as error:
            raise NodeUnreachable(f"{method}: the pipe {self.fifo} broke ({_reason(error)}): try again.") from None

    def _deadline(self, what: str, share: float = 1) -> Deadline:
        now = time.monotonic()
        left = self.timeout if self.deadline is None else min(self.timeout, self.deadline - now)
        if left <= 0:
            raise self._too_late(what)
        return Deadline(now + left * share)

    def _exchange(self, http_method: str, url: str, what: str, *, body: bytes = b"") -> tuple[int, bytes]:
        if self.trouble:
            raise NodeRefused(f"{what}: {self.trouble}")
        deadline = self._deadline(what)
        headers = {"X-RPC-Token": self.token, "Content-Type": "application/json"}
        try:
            return exchange(http_method, url, headers, body, deadline=deadline, max_bytes=MAX_ANSWER_BYTES)
        except TimeoutError:
            if time.monotonic() < deadline.moment:
                raise self._unreachable(what, "timed out") from None
            raise self._too_late(what) from None
        except AddressForbidden as forbidden:
            raise NodeRefused(
                f"{what}: nothing is sent to {self.url}, because {forbidden}. Change the node's RPC URL."
            ) from None
        except AnswerTooLong:
            raise InvalidAnswer(f"{what}: the answer of {self.url} is too long to be Kamailio's.") from None
        except (OSError, IncompleteRead) as error:
            raise self._unreachable(what, _reason(error)) from None
        except (HTTPException, ValueError):
            raise InvalidAnswer(
                f"{what}: {self.url} answered with something that is no HTTP: check that the URL is Kamailio's."
            ) from None

    def _unreachable(self, what: str, reason: str) -> NodeUnreachable:
        return NodeUnreachable(
            f"{what}: no answer from {self.url} ({reason})."
            " Check that Kamailio runs there and that its RPC address and port are right."
        )

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
        if status == 403 and NOT_ADMITTED in content:
            raise NodeRefused(
                f"{method}: {self.url} does not admit this command, because its configuration is of another version"
                " than the site: restart that Kamailio with the site's version."
            )
        if status in (401, 403):
            raise NodeRefused(
                f"{method}: {self.url} refused us (HTTP {status})."
                " Check that DSIPROUTER_RPC_TOKEN is the same here and at Kamailio, and that it admits this host."
            )
        if 300 <= status < 400:
            raise InvalidAnswer(f"{method}: {self.url} redirects elsewhere, which Kamailio never does: check the URL.")
        answer = parse_answer(content)
        if (
            not isinstance(answer, dict)
            or answer.get("id") is True
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


@contextmanager
def parsing_answer(method: str) -> Iterator[None]:
    """Turn the errors of parsing a malformed answer in the block into ``InvalidAnswer``."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        raise InvalidAnswer(f"{method}: the node answered in a form that this product does not know.") from None


def as_list(answer: object) -> list[Any]:
    """Return the list in an RPC answer, in any of its forms (docs/kamailio-facts.md#rpc-methods-and-lists)."""
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict):
        return [answer] if answer else []
    raise InvalidAnswer("The node answered with something other than a list.")


def parse_number(value: Any, largest: int = LARGEST_NUMBER) -> int:
    """Return a number that an answer has as number or text. Raises an error that ``parsing_answer`` handles."""
    number = int(value)
    if abs(number) > largest:
        raise ValueError(value)
    return number


def parse_answer(content: bytes) -> Any:
    """Return the value of a JSON text, or None if it is invalid or nothing that Kamailio writes.

    Refused are also NaN, which Python accepts, and what JSON allows: unlimited depth and numbers, lone surrogates.
    """
    try:
        text = content.decode("utf-8")
        answer = json.loads(text, parse_constant=_refuse, parse_int=_integer, parse_float=_number)
        if _SURROGATE.search(text):
            json.dumps(answer, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return answer


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _call_failed(method: str, error: object) -> RpcError:
    if isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str):
        return CallFailed(method, error["code"], cast(str, error["message"]).rstrip("."))
    return InvalidAnswer(f"{method}: the node reported an error without a code and a message.")


def _reason(error: Exception) -> str:
    """Return the reason in a few words: the exception's own text may have addresses of objects."""
    text = str(error)
    for sign, reason in (
        ("refused", "connection refused"),
        ("unknown host name", "unknown host name"),
        ("unreachable", "network unreachable"),
        ("without response", "it closed the connection without a word"),
        ("reset", "connection reset"),
        ("IncompleteRead", "it closed the connection in the middle of the answer"),
    ):
        if sign in text:
            return reason
    return getattr(error, "strerror", None) or type(error).__name__


def method_names(rpc: Rpc) -> list[str]:
    """Return the names of the node's RPC commands, which show the loaded modules. Raises ``RpcError``."""
    answer: Any = rpc.call("system.listMethods")
    if not isinstance(answer, list) or not all(isinstance(name, str) for name in answer):
        raise InvalidAnswer("system.listMethods: the node answered in a form that this product does not know.")
    return answer
