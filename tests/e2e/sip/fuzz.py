"""Mutated SIP messages of switches, scanners and attackers, reproducible by seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.e2e.sip.raw import request

# Stands in every message, so that whatever of it reaches a log is found there.
MARK = "f0rged"
LINE = f"\r\n 0(1) NOTICE: {{1 INVITE x}} <script>: {MARK}"
METHODS = (
    "INVITE",
    "OPTIONS",
    "REGISTER",
    "BYE",
    "ACK",
    "CANCEL",
    "MESSAGE",
    "SUBSCRIBE",
    "INFO",
    "PRACK",
    "UPDATE",
    MARK,
)
NASTY = (
    "\x00", "\x1b[31m", "\r", "\n", "\r\n", "\r\n ", "\t", "\x7f", "\xff\xfe", "\u202e", "%00", "%0d%0a", "%s%n", "'",
    '"', "\\", "<", ">", "<>", ";", ";;", "=", ",", ":", "::", "@", "[", "]", "{", "}", "$(env(HOME))", "$avp(x)", "0",
    "-1", "99999999999", "18446744073709551616", " ", "  ", LINE, MARK,
)  # fmt: skip
HEADERS = (
    "Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq", "Contact", "m", "Route", "Record-Route", "Max-Forwards",
    "Content-Length", "l", "Content-Type", "c", "Expires", "Proxy-Require", "Require", "Supported", "k",
    "Authorization", "Proxy-Authorization", "P-Asserted-Identity", "Privacy", "Diversion", "Refer-To", "Event",
    "Allow", "Replaces", "Session-Expires", "Identity", "Accept", "Date", "User-Agent", MARK,
)  # fmt: skip


def mutated(seed: int, count: int, source: str, proxy: str) -> Iterator[bytes]:
    """Yield this number of messages. ``source`` is host and port of the sender."""
    chance = random.Random(seed)
    for _ in range(count):
        message = _message(chance, source, proxy)
        for _ in range(chance.randint(1, 4)):
            message = chance.choice(MUTATIONS)(chance, message)
        yield message[:60_000]


def _message(chance: random.Random, source: str, proxy: str) -> bytes:
    method = chance.choice(METHODS)
    uri = chance.choice(
        [
            f"sip:9{MARK}@{proxy}",
            f"sip:{proxy}",
            f"tel:+1{MARK}",
            f"sips:{MARK}@{proxy}",
            f"{MARK}:{proxy}",
            f"sip:91@{proxy}",
        ]
    )
    headers = (f"User-Agent: {MARK}", f"Route: <sip:{proxy};lr>")[: chance.randint(0, 2)]
    body = f"v=0\r\no={MARK} 1 1 IN IP4 127.0.0.1\r\n".encode() if chance.random() < 0.3 else b""
    data = request(
        method,
        uri,
        source,
        call_id=f"{MARK}-{chance.randrange(10**9)}",
        to_tag=MARK if chance.random() < 0.3 else "",
        headers=headers,
        body=body,
    )
    if chance.random() < 0.15:
        _, _, rest = data.partition(b"\r\n")
        return f"SIP/2.0 {chance.choice([100, 180, 200, 302, 401, 407, 503, 699])} {MARK}\r\n".encode() + rest
    return data


def _some(chance: random.Random) -> bytes:
    return (chance.choice(NASTY) * chance.choice([1, 1, 1, 3, 500])).encode("utf-8", "surrogateescape")


def _insert(chance: random.Random, message: bytes) -> bytes:
    at = chance.randint(0, len(message))
    return message[:at] + _some(chance) + message[at:]


def _delete(chance: random.Random, message: bytes) -> bytes:
    at = chance.randint(0, len(message))
    return message[:at] + message[at + chance.choice([1, 1, 5, 50]) :]


def _flip(chance: random.Random, message: bytes) -> bytes:
    changed = bytearray(message)
    for _ in range(chance.choice([1, 3, 20])):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, message: bytes) -> bytes:
    return message[: chance.randint(0, len(message))]


def _add_header(chance: random.Random, message: bytes) -> bytes:
    line = f"{chance.choice(HEADERS)}: ".encode() + _some(chance) + MARK.encode()
    first, _, rest = message.partition(b"\r\n")
    return first + b"\r\n" + line + b"\r\n" + rest


def _repeat_header(chance: random.Random, message: bytes) -> bytes:
    lines = message.split(b"\r\n")
    line = chance.choice(lines)
    return b"\r\n".join([lines[0], *[line] * chance.choice([1, 2, 60]), *lines[1:]])


def _spoil_value(chance: random.Random, message: bytes) -> bytes:
    lines = message.split(b"\r\n")
    index = chance.randrange(len(lines))
    name, colon, _ = lines[index].partition(b":")
    lines[index] = name + colon + b" " + _some(chance)
    return b"\r\n".join(lines)


def _shuffle(chance: random.Random, message: bytes) -> bytes:
    lines = message.split(b"\r\n")
    rest = lines[1:]
    chance.shuffle(rest)
    return b"\r\n".join([lines[0], *rest])


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _insert, _delete, _flip, _cut, _add_header, _repeat_header, _spoil_value, _shuffle,
)  # fmt: skip
