"""Processes that are not our children: identified by their start time, watched and ended by their id."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def start_of(pid: int) -> str | None:
    """Return when a process started, as the kernel writes it, which differs for every process with the same id.

    None when there is no such process, or only its exit status is left.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return f"{BOOT.read_text(encoding='ascii').strip()}-{fields[19]}"


class StrangersChild:
    """A running process that somebody else started, with what ``subprocess.Popen`` offers for a child."""

    returncode: int | None = None  # only its parent gets to know it

    def __init__(self, pid: int) -> None:
        """Raises ``ProcessLookupError`` when there is no such process."""
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return None while it runs, else 0: how it ended is not known."""
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
