"""Outgoing requests of a user agent: calls, from INVITE and its answers to ACK, CANCEL and BYE."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from tests.e2e.sip.dialog import Dialog, target_of
from tests.e2e.sip.message import Message, parameter
from tests.e2e.sip.wire import Link

PATIENCE = 20.0


class NoAnswer(AssertionError):
    """An expected message did not arrive."""


class Sender(Protocol):
    """The interface of a user agent for its calls."""

    def new_via(self, transport: str) -> str:
        """Return a Via with a new branch."""

    def send(self, request: Message, link: Link, on_answer: Callable[[Message], None]) -> None:
        """Send a request, and pass each answer to a callback."""


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


def ask_within(
    sender: Sender,
    link: Link,
    dialog: Dialog,
    method: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    target: str = "",
    routes: list[str] | None = None,
) -> Message:
    """Send a request within a call, and return its final answer; an INVITE gets its ACK."""
    request = dialog.request(method, sender.new_via(link.transport), target=target, routes=routes)
    request.headers += headers
    request.body = body
    final = ask(sender, request, link)
    if method == "INVITE" and final.code < 300:
        dialog.target = target_of(final)
        link.send(dialog.request("ACK", sender.new_via(link.transport), cseq=dialog.cseq))
    elif method == "INVITE":
        link.send(of_the_hop(request, "ACK", final.get("to")))
    return final


def of_the_hop(invite: Message, method: str, to: str) -> Message:
    """Make a request that belongs to an INVITE's own transaction."""
    headers = [
        ("via", invite.get("via")),
        ("max-forwards", "70"),
        *(("route", route) for route in invite.all("route")),
        ("from", invite.get("from")),
        ("to", to),
        ("call-id", invite.call_id),
        ("cseq", f"{invite.cseq[0]} {method}"),
    ]
    return Message(f"{method} {invite.uri} SIP/2.0", headers)


class Call:
    """One call of ours. Every answer is kept: ``finals`` has more than one entry only if a proxy is broken."""

    def __init__(self, invite: Message, link: Link, sender: Sender) -> None:
        self.invite = invite
        self.provisionals: list[int] = []
        self.provisional_messages: list[Message] = []
        self.finals: list[Message] = []
        self._answered = 0.0
        self._link = link
        self._sender = sender
        self._cseq = invite.cseq[0]
        self._target = ""
        self._changed = threading.Condition()
        self._started = time.monotonic()
        sender.send(invite, link, self._take)

    @property
    def code(self) -> int:
        """The final answer's code. Raises ``NoAnswer`` if there is none in time."""
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
        """Cancel the call before an answer, and return the answer to the CANCEL (RFC 3261, section 9.1)."""
        return ask(self._sender, of_the_hop(self.invite, "CANCEL", self.invite.get("to")), self._link).code

    def again(self) -> Call:
        """Place the call once more, with the same Call-ID and From tag and the next CSeq."""
        number, method = self.invite.cseq
        changed = {"via": self._sender.new_via(self._link.transport), "cseq": f"{number + 1} {method}"}
        headers = [(name, changed.get(name, value)) for name, value in self.invite.headers]
        return Call(Message(self.invite.start, headers, self.invite.body), self._link, self._sender)

    def bye(self) -> int:
        """Hang up, and return the answer to the BYE."""
        self.wait()
        return self.ask("BYE").code

    def reinvite(self, contact: str = "") -> int:
        """Offer the same session again, from another ``contact`` if one is given, and return the answer."""
        headers = (("contact", contact or self.invite.get("contact")), ("content-type", "application/sdp"))
        final = self.ask("INVITE", headers=headers, body=self.invite.body)
        assert final.code < 300, f"a re-INVITE was answered {final.start}"
        return final.code

    def dialog(self, final: Message) -> Dialog:
        """Return the call as the calling side sees it: the route set is reversed (RFC 3261, section 12.1.2)."""
        return Dialog(
            call_id=final.call_id,
            local=final.get("from"),
            remote=final.get("to"),
            target=target_of(final),
            routes=final.all("record-route")[::-1],
            cseq=self._cseq,
        )

    def ask(
        self,
        method: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        target: str = "",
        routes: list[str] | None = None,
    ) -> Message:
        """Send a request within the call, before it is answered too, and return its final answer."""
        dialog = self.dialog(self.finals[0] if self.finals else self.provisional_messages[-1])
        if self._target:
            dialog.target = self._target
        forged: Any = {"target": target, "routes": routes}
        final = ask_within(self._sender, self._link, dialog, method, headers=headers, body=body, **forged)
        self._cseq, self._target = dialog.cseq, dialog.target
        return final

    def _take(self, message: Message) -> None:
        with self._changed:
            if message.code < 200:
                self.provisionals.append(message.code)
                self.provisional_messages.append(message)
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
            self._link.send(of_the_hop(self.invite, "ACK", final.get("to")))
