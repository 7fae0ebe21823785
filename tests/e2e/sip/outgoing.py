"""Requests that a user agent sends: calls, from INVITE over its answers to ACK, CANCEL and BYE."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tests.e2e.sip.dialog import Dialog, target_of
from tests.e2e.sip.message import Message, parameter
from tests.e2e.sip.wire import Link

PATIENCE = 20.0


class NoAnswer(AssertionError):
    """What a test waits for did not come."""


class Sender(Protocol):
    """What a call needs of its user agent."""

    def new_via(self, transport: str) -> str:
        """Return a Via with a new branch."""

    def send(self, request: Message, link: Link, on_answer: Callable[[Message], None]) -> None:
        """Send a request, and hand over each answer to it."""


def ask(sender: Sender, request: Message, link: Link) -> Message:
    """Send a request other than INVITE, and return its final answer. Raises ``NoAnswer``."""
    answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
    sender.send(request, link, answers.put)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise NoAnswer(f"no answer to {request.method} within {PATIENCE:g} s") from None
        if answer.code >= 200:
            return answer


class Call:
    """One call of ours. Every answer is kept: ``finals`` has more than one entry only if a proxy is broken."""

    def __init__(self, invite: Message, link: Link, sender: Sender) -> None:
        self.invite = invite
        self.provisionals: list[int] = []
        self.finals: list[Message] = []
        self._answered = 0.0
        self._link = link
        self._sender = sender
        self._cseq = invite.cseq[0]
        self._changed = threading.Condition()
        self._started = time.monotonic()
        sender.send(invite, link, self._take)

    @property
    def code(self) -> int:
        """The final answer's code. Raises ``NoAnswer`` when there is none within the patience."""
        return self.wait().code

    @property
    def seconds(self) -> float:
        """How long the final answer took."""
        self.wait()
        return self._answered - self._started

    def wait(self, timeout: float = PATIENCE) -> Message:
        """Wait for the final answer. Raises ``NoAnswer``."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.finals, timeout):
                raise NoAnswer(f"no final answer within {timeout:g} s, only {self.provisionals}")
            return self.finals[0]

    def wait_for_provisional(self, code: int) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: code in self.provisionals, PATIENCE):
                raise NoAnswer(f"no {code} within {PATIENCE:g} s, only {self.provisionals}")

    def cancel(self) -> int:
        """Give up before there is an answer, and return the answer to the CANCEL (RFC 3261, section 9.1)."""
        return ask(self._sender, self._hop_request("CANCEL", self.invite.get("to")), self._link).code

    def bye(self) -> int:
        """Hang up, and return the answer to the BYE."""
        return self._ask_within("BYE").code

    def reinvite(self) -> int:
        """Offer the same session again, and return the answer."""
        final = self._ask_within("INVITE")
        assert final.code < 300, f"a re-INVITE was answered {final.start}"
        self._acknowledge(final, self._cseq)
        return final.code

    def dialog(self, final: Message) -> Dialog:
        """Return the call as the calling side sees it: the route set is turned round (RFC 3261, section 12.1.2)."""
        return Dialog(
            call_id=final.call_id,
            local=final.get("from"),
            remote=final.get("to"),
            target=target_of(final),
            routes=final.all("record-route")[::-1],
            cseq=self._cseq,
        )

    def _ask_within(self, method: str) -> Message:
        """Send a request within the call, and return its final answer."""
        dialog = self.dialog(self.wait())
        request = dialog.request(method, self._sender.new_via(self._link.transport))
        if method == "INVITE":
            request.headers += [("contact", self.invite.get("contact")), ("content-type", "application/sdp")]
            request.body = self.invite.body
        self._cseq = dialog.cseq
        return ask(self._sender, request, self._link)

    def _take(self, message: Message) -> None:
        with self._changed:
            if message.code < 200:
                self.provisionals.append(message.code)
            else:
                self._answered = self._answered or time.monotonic()
                self._acknowledge(message, self.invite.cseq[0])
                known = [(final.code, parameter(final.get("to"), "tag")) for final in self.finals]
                if (message.code, parameter(message.get("to"), "tag")) not in known:
                    self.finals.append(message)
            self._changed.notify_all()

    def _acknowledge(self, final: Message, number: int) -> None:
        """Send the ACK: of a 2xx along the call's route, of another answer to the first INVITE to where that went."""
        if final.code < 300:
            via = self._sender.new_via(self._link.transport)
            self._link.send(self.dialog(final).request("ACK", via, cseq=number))
        else:
            self._link.send(self._hop_request("ACK", final.get("to")))

    def _hop_request(self, method: str, to: str) -> Message:
        """Make a request that belongs to the INVITE's own transaction."""
        headers = [
            ("via", self.invite.get("via")),
            ("max-forwards", "70"),
            ("from", self.invite.get("from")),
            ("to", to),
            ("call-id", self.invite.call_id),
            ("cseq", f"{self.invite.cseq[0]} {method}"),
        ]
        return Message(f"{method} {self.invite.uri} SIP/2.0", headers)
