"""Incoming requests, and behaviours of user agents towards calls."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.sip.dialog import Dialog, target_of
from tests.e2e.sip.digest import Account, new_nonce
from tests.e2e.sip.message import Message, response
from tests.e2e.sip.wire import Link, Wire

HEADERS_OF_CHALLENGES = {401: ("www-authenticate", "authorization"), 407: ("proxy-authenticate", "proxy-authorization")}


@dataclass
class Incoming:
    """One incoming request with its answers; retransmissions are counted and get the last answer again."""

    message: Message
    link: Link
    wire: Wire
    contact: str
    sdp: str = ""  # the body of a 200 to an INVITE
    time: float = field(default_factory=time.monotonic)
    answers: list[int] = field(default_factory=list)
    retransmissions: int = 0
    to_tag: str = field(default_factory=lambda: secrets.token_hex(6))
    _last: Message | None = None
    _dialog: Dialog | None = None

    @property
    def method(self) -> str:
        return self.message.method

    @property
    def uri(self) -> str:
        return self.message.uri

    @property
    def source(self) -> str:
        return self.link.peer[0]

    @property
    def is_answered(self) -> bool:
        return any(code >= 200 for code in self.answers)

    def reply(self, code: int, *headers: tuple[str, str], after: float = 0.0) -> None:
        """Answer, now or ``after`` seconds; nothing is sent after a final answer."""
        if after:
            self.wire.later(after, lambda: self.reply(code, *headers))
        elif not self.is_answered:
            self.answers.append(code)
            if self.method in ("INVITE", "UPDATE") and code < 300:
                headers = (("contact", self.contact), *headers)
            body = b""
            if self.sdp and self.method == "INVITE" and code == 200:
                headers, body = (*headers, ("content-type", "application/sdp")), self.sdp.encode("ascii")
            self._last = response(self.message, code, to_tag=self.to_tag, headers=headers, body=body)
            self.link.send(self._last)

    def repeat(self) -> None:
        """Answer a retransmission as before."""
        self.retransmissions += 1
        if self._last is not None:
            self.link.send(self._last)

    def dialog(self) -> Dialog:
        """Return the call as the called side sees it, the same each time."""
        if self._dialog is None:
            self._dialog = Dialog(
                call_id=self.message.call_id,
                local=f"{self.message.get('to')};tag={self.to_tag}",
                remote=self.message.get("from"),
                target=target_of(self.message),
                routes=self.message.all("record-route"),
                cseq=0,
            )
        return self._dialog


Behaviour = Callable[[Incoming], None]


def answer(code: int, *provisional: int, after: float = 0.0) -> Behaviour:
    """Answer every call with ``code``, after provisional answers and a pause."""

    def behave(incoming: Incoming) -> None:
        for first in provisional:
            incoming.reply(first)
        incoming.reply(code, after=after)

    return behave


def say(*steps: tuple[float, int]) -> Behaviour:
    """Send each answer so many seconds after the call came, such as ``(0, 100), (1.5, 183)``, and nothing more."""

    def behave(incoming: Incoming) -> None:
        for after, code in steps:
            incoming.reply(code, after=after)

    return behave


def refuse(code: int, *headers: tuple[str, str]) -> Behaviour:
    """Answer every call with ``code`` and headers."""
    return lambda incoming: incoming.reply(code, *headers)


def stay_silent(incoming: Incoming) -> None:
    """Accept the request and send no answer."""


def ring(incoming: Incoming) -> None:
    """Ring until the caller cancels."""
    incoming.reply(180)


class Challenge:
    """Challenge for the account's password; behave like ``then`` if it is right, and refuse if it is wrong.

    ``faults`` collects what was wrong with the answers, for the test to look at.
    """

    def __init__(self, account: Account, code: int = 407, then: Behaviour | None = None, refusal: int = 403) -> None:
        self.account = account
        self.code = code
        self.then = then or answer(200)
        self.refusal = refusal
        self.accepted: list[Message] = []
        self.faults: list[str] = []
        self._nonces: dict[str, str] = {}

    def __call__(self, incoming: Incoming) -> None:
        asking, answering = HEADERS_OF_CHALLENGES[self.code]
        request = incoming.message
        if not request.has(answering):
            nonce = self._nonces[request.call_id] = new_nonce()
            challenges = (*self.account.other_challenges, self.account.challenge(nonce))
            incoming.reply(self.code, *((asking, challenge) for challenge in challenges))
            return
        fault = self.account.fault(request, self._nonces.get(request.call_id, ""), answering)
        if fault:
            self.faults.append(fault)
            incoming.reply(self.refusal)
        else:
            self.accepted.append(request)
            self.then(incoming)
