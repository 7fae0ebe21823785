"""Only one ``runlocal`` per home: a second one must not touch the first one's log, pid file and databases."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "runlocal.lock"


class HomeTaken(Exception):
    """Another ``runlocal`` runs for this home. ``str()`` says which process, and what to do."""


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Hold the home for the block. The kernel frees the lock of a process that is killed. Raises ``HomeTaken``."""
    descriptor = os.open(home / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise HomeTaken(
                f"Another runlocal is running for the home {home} (process {holder})."
                " Stop it first, or give this one a DSIPROUTER_HOME and ports of its own."
            ) from None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)
