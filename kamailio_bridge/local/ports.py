"""Check ports before anything starts, to name the setting of a port that is not free."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """One socket to listen on, for ``what``, with the settings ``<variable>_ADDRESS`` and ``<variable>_PORT``."""

    what: str
    protocol: str  # "UDP" or "TCP"
    address: str
    number: int
    variable: str

    def _setting(self, part: str) -> str:
        """Return the setting that has the part. Named sockets have all parts in one."""
        return self.variable if self.variable.endswith("_SOCKETS") else f"{self.variable}_{part}"

    def problem(self) -> str:
        """Return in one sentence why it can't be used, or an empty text."""
        try:
            self._bind()
        except PermissionError:
            return (
                f"{self.what} may not listen on {self.protocol} port {self.number}: ports below 1024 are for root."
                f" Set {self._setting('PORT')} to a higher one."
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return (
                    f"{self.protocol} port {self.number} of {self.address}, for {self.what}, is taken by another"
                    f" program. Stop that program, or set {self._setting('PORT')} to a free port."
                )
            return (
                f"{self.what} can't listen on {self.address}: {error.strerror or error}."
                f" Set {self._setting('ADDRESS')} to an address of this machine."
            )
        return ""

    def _bind(self) -> None:
        address = self.address.strip("[]")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        kind = socket.SOCK_STREAM if self.protocol == "TCP" else socket.SOCK_DGRAM
        with socket.socket(family, kind) as probe:
            if self.protocol == "TCP":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ignore closed connections in TIME_WAIT
            probe.bind((address, self.number))
