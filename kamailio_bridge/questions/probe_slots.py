"""A few places for questions to carriers, shared by all threads and processes of this host.

A place is a locked file in the home folder. The system gives the lock back when its holder ends, however that happens.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

PLACES = 4


class AllTaken(Exception):
    """As many tests as may run at a time are running. ``str()`` is a sentence."""


@contextmanager
def probe_slot() -> Iterator[None]:
    """Hold a place while the block asks a carrier. Raises ``AllTaken`` at once when there is none."""
    folder = settings.DSIPROUTER_HOME / "tests-of-carriers"
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        for number in range(PLACES):
            file = stack.enter_context((folder / f"place-{number}").open("w", encoding="ascii"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield
            return
        raise AllTaken(f"{PLACES} tests of carriers are running, and more are not allowed: try again in a moment.")
