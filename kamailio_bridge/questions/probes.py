"""Questions to a carrier through a node's own SIP stack, before anything is applied.

``tm.t_uac_wait`` sends a request from the node's own socket and returns the whole answer, so the carrier sees the
address that calls will come from (docs/kamailio-facts.md#requests-sent-by-rpc). Each question is one request.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.conf import settings

from carriers.passwords.digest import Challenge, parse_challenges
from carriers.snapshots.records import EndpointRecord, GroupRecord
from carriers.values.addresses import uri_host
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.printable import make_printable
from kamailio_bridge.nodes.rpc import CallFailed, NodeUnreachable, RpcError, parsing_answer
from kamailio_bridge.nodes.sockets.node_sockets import find_socket, missing_sentence, read_sockets
from kamailio_bridge.questions.tls_handshake import tls_failure
from kamailio_bridge.rows.ids import set_id
from kamailio_bridge.rows.routes_in_force import sip_uri

Verdict = Literal[
    "answers", "silent", "unreachable", "accepted", "rejected", "realm differs", "no challenge", "unreadable"
]
# For all nodes together. A node gives up a silent carrier after two seconds, and a proof is two requests: what takes
# longer is due to the nodes.
NODE_SECONDS = 10.0
_HEADERS = {
    401: ("www-authenticate", "Authorization"),
    407: ("proxy-authenticate", "Proxy-Authorization"),
}
LONGEST_HEADER = 2000  # characters of a challenge that a node reads (kamailio/challenges.cfg)
_UNSENT_CODES = range(400, 700)  # of an RPC error: the request never left, a refused TCP connection for example


@dataclass(frozen=True)
class Probe:
    """The result of a question. ``code`` is the SIP status; ``realm`` is set if the registrar named one."""

    verdict: Verdict
    sentence: str
    code: int | None = None
    milliseconds: int | None = None
    realm: str | None = None

    @property
    def ok(self) -> bool:
        return self.verdict in ("answers", "accepted")


@dataclass(frozen=True)
class Answer:
    code: int
    reason: str
    headers: str
    milliseconds: int

    @property
    def is_challenge(self) -> bool:
        return self.code in _HEADERS

    def challenge(self, realms: Collection[str]) -> tuple[str, Challenge] | None:
        """Return the challenge that Kamailio would answer, and the header for the answer; None when there is none.

        The choice is that of kamailio/challenges.cfg: the challenge of a realm of the credential's, else the first;
        those of the other header only if the header of the code has none.
        """
        for asking, answering in _HEADERS.values() if self.code == 401 else reversed(_HEADERS.values()):
            found = [challenge for challenge in self._challenges(asking) if challenge.is_answerable]
            if found and self.is_challenge:
                return answering, next((challenge for challenge in found if challenge.realm in realms), found[0])
        return None

    def _challenges(self, name: str) -> list[Challenge]:
        lines = re.sub(r"\r?\n[ \t]+", " ", self.headers).splitlines()
        parted = (line.partition(":") for line in lines)
        values = [value[:LONGEST_HEADER] for header, _, value in parted if header.strip().lower() == name]
        return [challenge for value in values for challenge in parse_challenges(value)]


class NoNode(Exception):
    """No node can ask. ``str()`` is a sentence with the reasons."""


def ask_through(nodes: Sequence[Node], question: Callable[[Node], Probe]) -> Probe:
    """Ask through the first node that can be reached, in ``NODE_SECONDS``. Raises ``NoNode``."""
    reasons = []
    end = time.monotonic() + NODE_SECONDS
    for node in [node.with_deadline(NODE_SECONDS) for node in nodes]:
        if time.monotonic() >= end:
            reasons.append(f"Node {node.name} was not asked any more.")
            break
        try:
            return question(node)
        except RpcError as error:
            reasons.append(f"Node {node.name} can't ask: {error}")
            if not isinstance(error, NodeUnreachable):
                break
    raise NoNode(" ".join(reasons))


def probe_endpoint(node: Node, group: GroupRecord, endpoint: EndpointRecord) -> Probe:
    """Send OPTIONS to an endpoint of a group. Any final answer shows that it is there. Raises ``RpcError``."""
    target = sip_uri(endpoint.host, endpoint.port, endpoint.transport)
    way = way_to(node, group.socket_of(endpoint), endpoint.host, endpoint.transport)
    if isinstance(way, Probe):
        return way
    headers = identity(f"sip:dsiprouter@{way.local}", target, new_call_id(group))
    answer = ask(way, "OPTIONS", target, "", headers)
    if isinstance(answer, Probe):
        failure = tls_failure(endpoint.host, endpoint.port, group) if endpoint.transport == "tls" else ""
        return replace(answer, sentence=failure) if failure else answer
    text = f"{target} answers {answer.code} {answer.reason} in {answer.milliseconds} ms."
    return Probe("answers", text, answer.code, answer.milliseconds)


@dataclass(frozen=True)
class Way:
    """How a request leaves: ``socket`` as Kamailio's command names it, "" for the default one, and our host in URIs."""

    node: Node
    local: str
    socket: str = ""


def way_to(node: Node, socket: str, host: str, transport: str) -> Way | Probe:
    """Return how requests to a host leave by the named socket. A probe says that the node does not have it."""
    if not socket:
        return Way(node, uri_host(settings.DSIPROUTER_SIP_ADVERTISE or settings.DSIPROUTER_SIP_ADDRESS))
    found = find_socket(read_sockets(node.rpc), socket, transport, host)
    if found is None:
        return Probe("unreachable", f"Nothing was asked: {missing_sentence(node.name, socket)}")
    return Way(node, uri_host(found.advertise or found.address), found.written)


def new_call_id(group: GroupRecord) -> str:
    """Return a Call-ID that tells the SIP side that this is no registration of ours, and whose TLS to use."""
    return f"test-{set_id(group.pk):010d}{secrets.token_hex(8)}"


def identity(sender: str, receiver: str, call_id: str) -> str:
    """Return From, To and Call-ID; the node puts a tag of its own into From."""
    return f"From: <{sender}>\r\nTo: <{receiver}>\r\nCall-ID: {call_id}\r\n"


def ask(way: Way, method: str, r_uri: str, next_hop: str, headers: str) -> Answer | Probe:
    start = time.monotonic()
    target = next_hop or r_uri
    try:
        answer = way.node.rpc.call("tm.t_uac_wait", method, r_uri, next_hop, way.socket, headers, "")
    except CallFailed as failure:
        if failure.code not in _UNSENT_CODES or "parameter" in failure.message:
            raise
        sentence = f"{target} can't be reached: its name does not resolve, or it refuses the connection. Check both."
        return Probe("unreachable", sentence)
    milliseconds = round((time.monotonic() - start) * 1000)
    with parsing_answer("tm.t_uac_wait"):
        # The headers come last: an answer that creates a dialog has three more fields before them.
        code, reason, rest = int(answer[0]), make_printable(str(answer[1])), str(answer[-1])
    if "\nvia:" not in f"\n{rest}".lower():  # an answer without Via was made by the node itself: nothing came back
        if code == 408:
            return Probe(
                "silent", f"{target} did not answer: check address, port and transport, and any firewall.", code
            )
        return Probe("unreachable", f"Nothing can be sent to {target}: check address, port and transport.", code)
    return Answer(code, reason, rest, milliseconds)
