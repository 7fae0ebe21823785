"""A dialog from one side's view: the form and the target of its further requests (RFC 3261, section 12)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tests.e2e.sip.message import Message, Uri


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


@dataclass
class Dialog:
    """``routes`` are in the order in which our requests take them; ``target`` is the other side's Contact."""

    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str]
    cseq: int

    @property
    def next_hop(self) -> Uri:
        """The first proxy on the way; every proxy of the tests is a loose router."""
        return Uri.parse(self.routes[0] if self.routes else self.target)

    def request(
        self, method: str, via: str, *, cseq: int | None = None, target: str = "", routes: list[str] | None = None
    ) -> Message:
        """Make the next request, or with ``cseq`` the ACK of that request.

        ``target`` and ``routes`` replace the call's own: so does who means to abuse the proxy.
        """
        if cseq is None:
            self.cseq += 1
        headers = [
            ("via", via),
            ("max-forwards", "70"),
            *(("route", route) for route in (self.routes if routes is None else routes)),
            ("from", self.local),
            ("to", self.remote),
            ("call-id", self.call_id),
            ("cseq", f"{self.cseq if cseq is None else cseq} {method}"),
        ]
        return Message(f"{method} {target or self.target} SIP/2.0", headers)


def target_of(message: Message) -> str:
    """Return the URI of a Contact."""
    return message.get("contact").partition("<")[2].partition(">")[0]
