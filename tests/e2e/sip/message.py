"""SIP messages: read from the wire and written to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

COMPACT_FORMS = {"v": "via", "f": "from", "t": "to", "m": "contact", "i": "call-id", "l": "content-length"}
REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 407: "Proxy Authentication Required",
    408: "Request Timeout", 480: "Temporarily Unavailable", 481: "Call Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 500: "Server Internal Error", 503: "Service Unavailable",
    603: "Decline",
}  # fmt: skip
# Commas that part the values of a header stand outside of quotes and angle brackets.
_LIST_ITEM = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+')
_URI = re.compile(r"sips?:(?:([^@;?>]*)@)?(\[[^\]]+\]|[^:;?>]+)(?::(\d+))?([^?>]*)")


class NotSip(ValueError):
    """The data is no SIP message."""


class Uri(NamedTuple):
    """The parts of a SIP URI. ``host`` is without brackets."""

    user: str
    host: str
    port: int
    transport: str

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Read a URI, or the one in a header such as From or Contact."""
        match = _URI.search(text)
        if match is None:
            raise NotSip(f"no SIP URI: {text}")
        transport = re.search(r";transport=(\w+)", match[4], re.IGNORECASE)
        return cls(
            match[1] or "",
            match[2].strip("[]"),
            int(match[3] or 5060),
            transport[1].lower() if transport else "udp",
        )


@dataclass
class Message:
    """A request or a response."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read one message with its body. Raises ``NotSip``."""
        head, _, body = data.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8")).split("\r\n")
        if "SIP/2.0" not in lines[0]:
            raise NotSip(lines[0])
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise NotSip(line)
            name = name.strip().lower()
            headers.append((COMPACT_FORMS.get(name, name), value.strip()))
        return cls(lines[0], headers, body)

    def encode(self) -> bytes:
        headers = [header for header in self.headers if header[0] != "content-length"]
        headers.append(("content-length", str(len(self.body))))
        lines = [self.start, *(f"{name.title()}: {value}" for name, value in headers)]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """The method: of a response, that of the request that it answers."""
        return self.start.split(" ")[0] if self.is_request else self.cseq[1]

    @property
    def uri(self) -> str:
        return self.start.split(" ")[1]

    @property
    def code(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def reason(self) -> str:
        return self.start.split(" ", 2)[2]

    @property
    def cseq(self) -> tuple[int, str]:
        number, method = self.get("cseq").split()
        return int(number), method

    @property
    def branch(self) -> str:
        """The branch of the topmost Via: it names the transaction."""
        return parameter(self.all("via")[0], "branch")

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    def has(self, name: str) -> bool:
        return any(key == name for key, _ in self.headers)

    def get(self, name: str) -> str:
        """Return a header's first value, an empty text when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return the values of a header that may be a list, in order."""
        return [item.strip() for key, value in self.headers if key == name for item in _LIST_ITEM.findall(value)]


def parameter(value: str, name: str) -> str:
    """Return a header's parameter, an empty text when there is none."""
    match = re.search(rf";\s*{name}=([^;,\s>]+)", value, re.IGNORECASE)
    return match[1] if match else ""


def response(
    request: Message, code: int, *, to_tag: str, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
) -> Message:
    """Make the response to a request (RFC 3261, section 8.2.6)."""
    to = request.get("to")
    if code > 100 and not parameter(to, "tag"):
        to = f"{to};tag={to_tag}"
    copied = [(name, value) for name, value in request.headers if name in ("via", "record-route")]
    kept = [("from", request.get("from")), ("to", to), ("call-id", request.call_id), ("cseq", request.get("cseq"))]
    return Message(f"SIP/2.0 {code} {REASONS.get(code, 'Answer')}", [*copied, *kept, *headers], body)


def cut_from_stream(buffer: bytes) -> tuple[bytes | None, bytes]:
    """Split the first whole message off a TCP stream: the message, or None, and the rest (RFC 3261, section 18.3)."""
    buffer = buffer.lstrip(b"\r\n")
    head, end, body = buffer.partition(b"\r\n\r\n")
    if not end:
        return None, buffer
    length = re.search(rb"^(?:content-length|l)\s*:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    size = int(length[1]) if length else 0
    if len(body) < size:
        return None, buffer
    return head + end + body[:size], body[size:]
