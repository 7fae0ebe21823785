"""Connections of a stranger who says nothing: as many as a test asks for."""

from __future__ import annotations

import resource
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

SPARE_FILES = 500


class IdleConnections:
    """TCP connections from one address, held open by our side."""

    def __init__(self, source: str, address: str, port: int) -> None:
        self._source = (source, 0)
        self._target = (address, port)
        self._sockets: list[socket.socket] = []

    def open(self, count: int) -> None:
        """Open ``count`` more; one that is closed again at once counts too."""
        for _ in range(count):
            self._sockets.append(socket.create_connection(self._target, timeout=10, source_address=self._source))

    def up(self) -> int:
        """Return how many the other side has not closed."""
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
