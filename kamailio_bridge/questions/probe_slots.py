"""A few slots for questions to carriers, shared by all threads and processes of this host.

A slot is a locked file in the home folder. The system releases the lock when its holder ends for any reason.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

SLOTS = 4


class AllSlotsTaken(Exception):
    """As many tests as may run at a time are running. ``str()`` is a sentence."""


@contextmanager
def probe_slot() -> Iterator[None]:
    """Hold a slot while the block asks a carrier. Raises ``AllSlotsTaken`` at once if none is free."""
    folder = settings.DSIPROUTER_HOME / "tests-of-carriers"
    folder.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        for number in range(SLOTS):
            file = stack.enter_context((folder / f"place-{number}").open("w", encoding="ascii"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield
            return
        raise AllSlotsTaken(f"{SLOTS} tests of carriers are running, and more are not allowed: try again in a moment.")
