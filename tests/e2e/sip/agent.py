"""A SIP user agent: a PBX, a carrier, or a stranger, which places and takes calls."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.e2e.sip.dialog import Dialog, new_branch
from tests.e2e.sip.incoming import Behaviour, Incoming, answer
from tests.e2e.sip.message import Message, Uri, parameter
from tests.e2e.sip.outgoing import PATIENCE, Call, NoAnswer, ask, ask_within
from tests.e2e.sip.wire import Link, Wire

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class UserAgent:
    """A user agent at one address with UDP and TCP. It takes calls as ``behaviour`` says, and records every request.

    ``within_calls`` is the behaviour towards everything that is no new call: re-INVITE, BYE, OPTIONS.
    ``contact`` is the URI of its Contact, if not its own address. ``sdp`` is the session description in its answers.
    """

    def __init__(self, address: str, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self.address = address
        self.behaviour: Behaviour = behaviour or answer(200)
        self.within_calls: Behaviour = answer(200)
        self.contact = ""
        self.sdp = ""
        self.received: list[Incoming] = []
        self._transactions: dict[tuple[str, str], Incoming] = {}
        self._waiting: dict[tuple[str, str], Callable[[Message], None]] = {}
        self._changed = threading.Condition()
        self._wire = Wire(address, self._receive, port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        return self._wire.port

    @property
    def host_port(self) -> str:
        """The address as in a SIP URI."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def close(self) -> None:
        """Stop, and raise an error of the thread."""
        self._wire.close()
        if self._wire.failures:
            raise ExceptionGroup(f"user agent {self.host_port}", self._wire.failures)

    # --- What came in

    def requests(self, method: str) -> list[Incoming]:
        """Return the requests of a method, in the order in which they came, each once."""
        with self._changed:
            return [incoming for incoming in self.received if incoming.method == method]

    @property
    def invites(self) -> list[Incoming]:
        return self.requests("INVITE")

    @property
    def uris(self) -> list[str]:
        """The R-URIs of the calls that came in."""
        return [incoming.uri for incoming in self.invites]

    @property
    def numbers(self) -> list[str]:
        """The numbers of the calls that came in."""
        return [Uri.parse(uri).user for uri in self.uris]

    def wait_for(self, method: str, count: int = 1, timeout: float = PATIENCE) -> list[Incoming]:
        """Wait for ``count`` requests of a method, and return all. Raises ``NoAnswer``."""

        def found() -> list[Incoming]:
            return [incoming for incoming in self.received if incoming.method == method]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout):
                raise NoAnswer(f"{self.host_port}: {len(found())} of {count} {method} within {timeout:g} s")
            return found()

    # --- What goes out

    def call(
        self,
        number: str,
        proxy: str,
        *,
        transport: str = "udp",
        to: str | None = None,
        uri: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        sender: str = "",
        body: str = "",
    ) -> Call:
        """Call a number through the proxy at ``host:port``, with ``body`` in place of a usual session description.

        ``to`` is whom the To names, if not the number. ``uri`` is the R-URI, and the To, where they are others than
        ``sip:number@proxy``; ``sender`` is From without its
        tag.
        """
        target = f"sip:{number}@{proxy}" + ("" if transport == "udp" else f";transport={transport}")
        link = self._wire.link_to(Uri.parse(target))
        invite = Message(
            f"INVITE {uri or target} SIP/2.0",
            [
                ("via", self.new_via(link.transport)),
                ("max-forwards", "70"),
                ("from", f"{sender or f'<sip:caller@{self.host_port}>'};tag={secrets.token_hex(6)}"),
                ("to", f"<sip:{to}>" if to else f"<{uri or f'sip:{number}@{proxy}'}>"),
                ("call-id", secrets.token_hex(12)),
                ("cseq", "1 INVITE"),
                ("contact", self._contact(transport)),
                *headers,
                ("content-type", "application/sdp"),
            ],
            body.encode("ascii") or SDP,
        )
        return Call(invite, link, self)

    def request(self, method: str, target: str, *, to_tag: str = "", via_proxy: str = "") -> Message:
        """Send a request other than INVITE to a URI, straight or through a proxy's URI, and return its answer."""
        uri = Uri.parse(via_proxy or target)
        link = self._wire.link_to(uri)
        headers = [
            ("via", self.new_via(link.transport)),
            ("max-forwards", "70"),
            ("from", f"<sip:caller@{self.host_port}>;tag={secrets.token_hex(6)}"),
            ("to", f"<{target}>" + (f";tag={to_tag}" if to_tag else "")),
            ("call-id", secrets.token_hex(12)),
            ("cseq", f"1 {method}"),
            ("contact", self._contact(uri.transport)),
        ]
        return ask(self, Message(f"{method} {target} SIP/2.0", headers), link)

    def options(self, proxy: str, target: str) -> Message:
        """Send OPTIONS for ``target`` to the proxy at ``host:port``, and return the answer."""
        transport = Uri.parse(target).transport
        return self.request("OPTIONS", target, via_proxy=f"sip:{proxy};transport={transport}")

    def hang_up(self, incoming: Incoming) -> int:
        """End a call that came in, and return the answer to the BYE."""
        return self.ask_within(incoming.dialog(), "BYE").code

    def ask_within(self, dialog: Dialog, method: str, **options: Any) -> Message:
        """Send a request within a call, and return its final answer. The options: see ``outgoing.ask_within``."""
        return ask_within(self, self._wire.link_to(dialog.next_hop), dialog, method, **options)

    def tell_within(self, dialog: Dialog, method: str, **forged: Any) -> None:
        """Send a request within a call, and ignore the answer. ``forged``: see ``Dialog.request``."""
        link = self._wire.link_to(dialog.next_hop)
        request = dialog.request(method, self.new_via(link.transport), **forged)
        self.send(request, link, lambda answer: None)

    def new_via(self, transport: str) -> str:
        return f"SIP/2.0/{transport} {self.host_port};branch={new_branch()};rport"

    def send(self, request: Message, link: Link, on_answer: Callable[[Message], None]) -> None:
        self._waiting[request.branch, request.method] = on_answer
        link.send(request)

    # --- The thread's side

    def take_request(self, incoming: Incoming) -> None:
        """Answer a new request. An INVITE with a tag in its To is a re-INVITE."""
        if incoming.method == "INVITE" and not parameter(incoming.message.get("to"), "tag"):
            self.behaviour(incoming)
        elif incoming.method == "CANCEL":
            self._take_cancel(incoming)
        elif incoming.method != "ACK":
            self.within_calls(incoming)

    def _receive(self, message: Message, link: Link) -> None:
        if not message.is_request:
            self._waiting[message.branch, message.method](message)
            return
        key = (message.branch, message.method)
        if key in self._transactions:
            self._transactions[key].repeat()
            return
        incoming = Incoming(message, link, self._wire, contact=self._contact(link.transport.lower()), sdp=self.sdp)
        self._transactions[key] = incoming
        with self._changed:
            self.received.append(incoming)
            self._changed.notify_all()
        self.take_request(incoming)

    def _take_cancel(self, cancel: Incoming) -> None:
        invite = self._transactions.get((cancel.message.branch, "INVITE"))
        cancel.reply(200 if invite else 481)
        if invite:
            invite.reply(487)

    def _contact(self, transport: str) -> str:
        if self.contact:
            return f"<{self.contact}>"
        return f"<sip:{self.host_port}" + (">" if transport == "udp" else f";transport={transport}>")


def settled(seconds: float = 0.3) -> None:
    """Wait for the time in which a request that must not come would come."""
    time.sleep(seconds)
