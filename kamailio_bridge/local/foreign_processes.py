"""Processes that are not our children, identified by process id and start time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def start_of(pid: int) -> str | None:
    """Return boot id and start time of a process, which tell apart processes with the same id.

    None if there is no such process, or only a zombie.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return f"{BOOT.read_text(encoding='ascii').strip()}-{fields[19]}"


class ForeignProcess:
    """A running process of another parent, with the methods of ``subprocess.Popen`` that we use."""

    returncode: int | None = None  # known to its parent only

    def __init__(self, pid: int) -> None:
        """Raises ``ProcessLookupError`` when there is no such process."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return None while it runs, else 0, because its real exit status is unknown."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises ``subprocess.TimeoutExpired``."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return 0

    def terminate(self) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, signal.SIGTERM)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)
