"""JSON-RPC by two named pipes, for a node on the same machine: it works even when no TCP connection is free.

Kamailio counts connections at its SIP port and at its RPC port together, so whoever fills the one blocks the other. The
pipe is served by a process of its own (jsonrpcs, ``fifo_name``), one request after the other. A request names a second
pipe, which the client makes beside the first, and Kamailio writes the answer there, however long it is
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

MOST_BYTES = select.PIPE_BUF  # so many are written atomically
_CHUNK_BYTES = 64 * 1024


class NoFifo(Exception):
    """Nobody reads the pipe, or the request is too long for it. Nothing was sent."""


def exchange_by_fifo(fifo: Path, request: dict[str, Any], *, deadline: Deadline, max_bytes: int) -> bytes:
    """Send one request and return the answer. Raises ``NoFifo``, ``TimeoutError``, ``OSError`` or ``AnswerTooLong``."""
    name = secrets.token_hex(16)
    # Kamailio looks for the end of the JSON itself, and takes a quote behind any backslash for an escaped one.
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
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # fails where nobody reads it
    except OSError as error:
        raise NoFifo from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _answers(fifo: Path, name: str) -> Iterator[int]:
    """Make the pipe for the answer, which Kamailio may write to and nobody else, and open it for reading."""
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
    """Read until Kamailio closes the pipe. Until it opens it, the poll waits."""
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
