"""Silent connections of strangers."""

from __future__ import annotations

import ipaddress
import resource
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

SPARE_FILES = 500
FROM_ONE_SOURCE = 90  # Kamailio 6 takes 100 from one address
NEXT_SOURCE = 256  # 127.34.2.1 follows 127.34.1.1


class IdleConnections:
    """TCP connections that our side holds open, from one or many addresses."""

    def __init__(self, source: str, address: str, port: int) -> None:
        self._source = ipaddress.ip_address(source)
        self._target = (address, port)
        self._sockets: list[socket.socket] = []

    def open(self, count: int, *, spread: bool = False) -> None:
        """Open ``count`` more; one that is closed at once counts too. ``spread``: no source exceeds the limit."""
        for number in range(count):
            source = self._source + (number // FROM_ONE_SOURCE * NEXT_SOURCE if spread else 0)
            connection = socket.create_connection(self._target, timeout=10, source_address=(str(source), 0))
            self._sockets.append(connection)

    def up(self) -> int:
        """Return the number that the other side has not closed."""
        poll = select.poll()
        for connection in self._sockets:
            poll.register(connection, select.POLLIN)
        closed = {descriptor for descriptor, _ in poll.poll(0)}
        return sum(connection.fileno() not in closed for connection in self._sockets)

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()
        self._sockets = []


@contextmanager
def idle_connections(source: str, address: str, port: int, most: int) -> Iterator[IdleConnections]:
    """Let this process open ``most`` more files, and close all connections at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    connections = IdleConnections(source, address, port)
    try:
        yield connections
    finally:
        connections.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
