"""Sockets of a user agent: UDP and TCP on one address and port, served by one thread."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.sip.message import Message, Uri, cut_from_stream

MAX_DATAGRAM = 65_535
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Link:
    """The return path to a sender."""

    transport: str  # "UDP", "TCP" or "TLS"
    peer: tuple[str, int]
    socket: socket.socket = field(repr=False, compare=False)
    # OpenSSL's connections are not for two threads at once: the test's, and the one that reads.
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def send(self, message: Message) -> None:
        if self.transport == "UDP":
            self.socket.sendto(message.encode(), self.peer)
            return
        with self.lock:
            rest = memoryview(message.encode())
            while rest:
                try:
                    rest = rest[self.socket.send(rest) :]
                except ssl.SSLWantReadError:
                    select.select([self.socket], [], [], POLL_SECONDS)
                except ssl.SSLWantWriteError:
                    select.select([], [self.socket], [], POLL_SECONDS)


class Wire:
    """Receive messages in a thread and hand them to ``receive``; send to any address; run callbacks later."""

    def __init__(self, address: str, receive: Callable[[Message, Link], None], port: int = 0) -> None:
        self.address = address
        self._receive = receive
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._udp, self._listener = self._bind(port)
        self.port: int = self._udp.getsockname()[1]
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_ids = itertools.count()
        self._adopted: list[Link] = []
        self._connections: dict[tuple[str, int], Link] = {}
        self._lock = threading.Lock()
        self._alarm, self._alarm_in = socket.socketpair()
        self._closed = False
        self.failures: list[Exception] = []
        self._thread = threading.Thread(target=self._run, name=f"sip-{address}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and free the port. Safe to repeat."""
        if not self._closed:
            self._closed = True
            self._wake()
            self._thread.join(5)

    def link_to(self, uri: Uri) -> Link:
        """Return a link to a URI's host; a TCP connection is reused. Raises ``OSError``."""
        peer = (uri.host, uri.port)
        if uri.transport == "udp":
            return Link("UDP", peer, self._udp)
        with self._lock:
            if peer not in self._connections:
                connection = socket.create_connection(peer, timeout=5, source_address=(self.address, 0))
                if uri.transport == "tls":
                    connection = _trusting_everybody().wrap_socket(connection)
                    connection.settimeout(0)
                link = Link(uri.transport.upper(), peer, connection)
                self._connections[peer] = link
                self._adopted.append(link)
            link = self._connections[peer]
        self._wake()
        return link

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        with self._lock:
            heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._timer_ids), action))
        self._wake()

    def _bind(self, port: int) -> tuple[socket.socket, socket.socket]:
        """Bind UDP and TCP to the same port, by default a free one."""
        for _ in range(50):
            udp = socket.socket(self._family, socket.SOCK_DGRAM)
            listener = socket.socket(self._family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                udp.bind((self.address, port))
                listener.bind((self.address, udp.getsockname()[1]))
            except OSError:
                udp.close()
                listener.close()
                if port:
                    raise
            else:
                listener.listen(16)
                return udp, listener
        raise OSError(f"no port of {self.address} is free for both UDP and TCP")

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._alarm_in.send(b"!")

    def _run(self) -> None:
        buffers: dict[socket.socket, bytes] = {}
        with selectors.DefaultSelector() as selector:
            for source in (self._udp, self._listener, self._alarm):
                selector.register(source, selectors.EVENT_READ)
            while not self._closed:
                for key, _ in selector.select(self._run_timers()):
                    self._read(key.fileobj, key.data, selector, buffers)  # type: ignore[arg-type]
                with self._lock:
                    adopted, self._adopted = self._adopted, []
                for link in adopted:
                    selector.register(link.socket, selectors.EVENT_READ, link)
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self._alarm_in.close()

    def _run_timers(self) -> float:
        """Run due callbacks and return the time until the next."""
        while True:
            with self._lock:
                if not self._timers:
                    return POLL_SECONDS
                left = self._timers[0][0] - time.monotonic()
                if left > 0:
                    return min(left, POLL_SECONDS)
                action = heapq.heappop(self._timers)[2]
            self._guarded(action)

    def _read(
        self,
        source: socket.socket,
        link: Link | None,
        selector: selectors.BaseSelector,
        buffers: dict[socket.socket, bytes],
    ) -> None:
        if source is self._alarm:
            source.recv(4096)
        elif source is self._udp:
            data, peer = source.recvfrom(MAX_DATAGRAM)
            if data.strip():  # keepalives are empty lines
                self._deliver(data, Link("UDP", peer[:2], source))
        elif source is self._listener:
            connection, peer = source.accept()
            selector.register(connection, selectors.EVENT_READ, Link("TCP", peer[:2], connection))
        elif link is not None:
            self._read_stream(source, link, selector, buffers)

    def _read_stream(
        self, source: socket.socket, link: Link, selector: selectors.BaseSelector, buffers: dict[socket.socket, bytes]
    ) -> None:
        try:
            with link.lock:
                data = source.recv(MAX_DATAGRAM)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    data += source.recv(MAX_DATAGRAM)
        except ssl.SSLWantReadError:
            return  # what came was a part of a record, or for TLS itself
        except OSError:
            data = b""
        if not data:
            selector.unregister(source)
            source.close()
            buffers.pop(source, None)
            with self._lock:
                if self._connections.get(link.peer) is link:
                    del self._connections[link.peer]
            return
        message, rest = cut_from_stream(buffers.get(source, b"") + data)
        while message is not None:
            self._deliver(message, link)
            message, rest = cut_from_stream(rest)
        buffers[source] = rest

    def _deliver(self, data: bytes, link: Link) -> None:
        self._guarded(lambda: self._receive(Message.parse(data), link))

    def _guarded(self, action: Callable[[], None]) -> None:
        """Keep an error for the test: an exception in a thread would only be printed."""
        try:
            action()
        except Exception as failure:  # noqa: BLE001
            self.failures.append(failure)


def _trusting_everybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def refusing_port(address: str) -> int:
    """Return a port of ``address`` without a listener: TCP is refused there, UDP is lost."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
