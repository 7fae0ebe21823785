"""The web server of ``manage.py runlocal``: waitress in a child process of ``web_process``.

    python -m kamailio_bridge.local.web_server LISTENING_SOCKET PULSE

Both are file descriptors. Each second a byte is written to PULSE. A request that blocks the interpreter, for example in
an endless regular expression, stops the pulse.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

# Of these, ask_all.PLACES and two more may wait for nodes. The others serve pages that need no node.
THREADS = 8
CONNECTIONS = 400
IDLE_SECONDS = 20  # for a connection without a request, or with a stalled one
REQUEST_SECONDS = 60  # from a request's first byte to its last
LARGEST_BODY = 4 * 1024 * 1024  # as nginx has it in production
LARGEST_HEADER = 32 * 1024
PULSE_SECONDS = 1.0
END_SECONDS = 5


class Channel(HTTPChannel):
    """A connection. An incomplete request counts as activity only for a while."""

    _last = 0.0
    _began = 0.0  # when the incomplete request began

    @property
    def last_activity(self) -> float:
        if self.request is None:
            return self._last
        return min(self._last, self._began + REQUEST_SECONDS - IDLE_SECONDS)

    @last_activity.setter
    def last_activity(self, moment: float) -> None:
        self._last = moment

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self._began = time.time()
        return bool(super().received(data))


class Server(TcpWSGIServer):
    """Waitress that closes the longest idle connections when new ones need room."""

    channel_class = Channel

    def readable(self) -> bool:
        now = int(time.time())
        if now >= self.next_channel_cleanup:
            self.next_channel_cleanup = now + self.adj.cleanup_interval
            self.maintenance(now)
        channels: dict[int, Channel] = self.active_channels  # type: ignore[assignment]
        if len(channels) >= CONNECTIONS:
            waiting = [channel for channel in channels.values() if not channel.requests]
            for channel in sorted(waiting, key=lambda channel: channel.last_activity)[: CONNECTIONS // 10]:
                channel.will_close = True
        return bool(self.accepting)


def without_body_for_head(application: Any) -> Any:
    """Leave out the body of an answer to HEAD: on a persistent connection it would be read as the next answer."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        if hasattr(answer, "close"):
            answer.close()
        return []

    return wrapped


def make_server(listening: socket.socket, application: Any) -> Server:
    """Return a server for a socket that is bound already."""
    settings = Adjustments(
        sockets=[listening],
        threads=THREADS,
        ident=None,
        connection_limit=10 * CONNECTIONS,  # Server.readable limits them
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=5,
        max_request_body_size=LARGEST_BODY,
        max_request_header_size=LARGEST_HEADER,
        asyncore_use_poll=True,
        backlog=1024,
    )
    address = (listening.family, listening.type, listening.proto, listening.getsockname())
    return Server(
        without_body_for_head(application), _sock=listening, adj=settings, sockinfo=address, bind_socket=False
    )


def serve(listening: socket.socket, pulse: int) -> int:
    """Serve until SIGTERM, then finish the requests in progress. Return the exit status."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: stop.set())
    server = make_server(listening, WSGIHandler())
    loop = threading.Thread(target=server.run, name="web server", daemon=True)
    loop.start()
    os.set_blocking(pulse, False)
    while loop.is_alive() and not stop.is_set():
        with contextlib.suppress(BlockingIOError):
            os.write(pulse, b".")
        stop.wait(PULSE_SECONDS)
    server.accepting = False
    server.task_dispatcher.shutdown(timeout=END_SECONDS)
    deadline = time.monotonic() + 1
    channels: dict[int, Channel] = server.active_channels  # type: ignore[assignment]
    while any(channel.total_outbufs_len for channel in list(channels.values())):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return 0 if stop.is_set() else 1


def main() -> int:
    django.setup()
    descriptor, pulse = map(int, sys.argv[1:])
    return serve(socket.socket(fileno=descriptor), pulse)


if __name__ == "__main__":
    sys.exit(main())
