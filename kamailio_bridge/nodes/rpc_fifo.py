"""JSON-RPC by two named pipes, for a node on the same machine, even when no TCP connection is free.

Kamailio counts connections at its SIP port and at its RPC port together, so a flood of one blocks the other. A separate
process serves the pipe (jsonrpcs, ``fifo_name``), one request after the other. A request names a second pipe, which the
client makes beside the first, and Kamailio writes the answer there, at any length
(docs/kamailio-facts.md#rpc-by-pipe-or-datagram).
"""

from __future__ import annotations

import json
import os
import secrets
import select
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kamailio_bridge.nodes.rpc_http import AnswerTooLong, Deadline

MOST_BYTES = select.PIPE_BUF  # this many bytes are written atomically
_CHUNK_BYTES = 64 * 1024


class NoFifo(Exception):
    """Nobody reads the pipe, or the request is too long for it. Nothing was sent."""


def exchange_by_fifo(fifo: Path, request: dict[str, Any], *, deadline: Deadline, max_bytes: int) -> bytes:
    """Send one request and return the answer. Raises ``NoFifo``, ``TimeoutError``, ``OSError`` or ``AnswerTooLong``."""
    name = secrets.token_hex(16)
    # Kamailio searches the end of the JSON, and takes a quote after any backslash for an escaped one.
    text = json.dumps({**request, "reply_name": name}).replace("\\\\", "\\u005c").encode("ascii")
    if len(text) > MOST_BYTES:
        raise NoFifo
    with _opened(fifo) as writing, _answers(fifo, name) as reading:
        poll = select.poll()
        poll.register(writing, select.POLLOUT)
        if not poll.poll(deadline.left() * 1000):
            raise TimeoutError
        os.write(writing, text)
        return _read(reading, deadline, max_bytes)


@contextmanager
def _opened(fifo: Path) -> Iterator[int]:
    try:
        if not stat.S_ISFIFO(fifo.stat().st_mode):
            raise NoFifo
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # fails if nobody reads it
    except OSError as error:
        raise NoFifo from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _answers(fifo: Path, name: str) -> Iterator[int]:
    """Make the pipe for the answer, writable by Kamailio only, and open it for reading."""
    path = fifo.parent / name
    try:
        os.mkfifo(path, 0o600)
    except OSError as error:
        raise NoFifo from error
    try:
        kamailio = fifo.stat()
        if kamailio.st_uid != os.geteuid():
            os.chown(path, -1, kamailio.st_gid)
            path.chmod(0o620)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _read(descriptor: int, deadline: Deadline, max_bytes: int) -> bytes:
    """Read until Kamailio closes the pipe; the poll also waits for Kamailio to open it."""
    content = bytearray()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        if not poll.poll(deadline.left() * 1000):
            raise TimeoutError
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            return bytes(content)
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLong
