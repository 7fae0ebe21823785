"""A proxy that records routes of its calls, as carriers have: loose (RFC 3261, section 16), or strict."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tests.e2e.sip.message import Message, Uri
from tests.e2e.sip.wire import Link, Wire


class Proxy:
    """Relay everything, keep no state; new calls go to ``target``, a SIP URI.

    ``relayed`` has the requests that went through, as they came.
    """

    def __init__(self, address: str, target: str, *, strict: bool = False) -> None:
        self.target = target
        self.strict = strict
        self.relayed: list[Message] = []
        self._wire = Wire(address, self._receive)
        self.address = address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._wire.close()
        if self._wire.failures:
            raise ExceptionGroup(f"proxy {self.host_port}", self._wire.failures)

    @property
    def port(self) -> int:
        return self._wire.port

    @property
    def host_port(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def methods(self) -> list[str]:
        """The methods that were relayed, in order."""
        return [message.method for message in self.relayed]

    def _receive(self, message: Message, link: Link) -> None:
        if message.is_request:
            self._relay_request(message)
        else:
            self._relay_answer(message)

    def _relay_request(self, request: Message) -> None:
        self.relayed.append(Message(request.start, list(request.headers), request.body))
        routes = request.all("route")
        uri = request.uri
        if self.host_port in uri and routes:  # who sent it took us for a strict router: the last Route is meant
            uri = routes.pop().strip("<>")
        elif routes and self.host_port in routes[0]:
            routes.pop(0)
        if self.host_port in uri or (request.method == "INVITE" and ";tag=" not in request.get("to")):
            uri = self.target
        headers = [header for header in request.headers if header[0] != "route"]
        if request.method == "INVITE":
            headers.insert(0, ("record-route", f"<sip:{self.host_port}" + (">" if self.strict else ";lr>")))
        headers = [("route", route) for route in routes] + headers
        headers.insert(0, ("via", f"SIP/2.0/UDP {self.host_port};branch={request.branch}p"))
        next_hop = Uri.parse(routes[0] if routes else uri)
        self._wire.link_to(next_hop).send(Message(f"{request.method} {uri} SIP/2.0", headers, request.body))

    def _relay_answer(self, answer: Message) -> None:
        """Remove our Via, and send the answer to the next one."""
        headers = list(answer.headers)
        headers.remove(next(header for header in headers if header[0] == "via"))
        below = Message(answer.start, headers, answer.body)
        sent_by = below.all("via")[0].split()[1].partition(";")[0]
        self._wire.link_to(Uri.parse(f"sip:{sent_by}")).send(below)
