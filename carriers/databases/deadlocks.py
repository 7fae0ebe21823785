"""Retry a transaction that the database gave up in favour of another.

MariaDB ends one of two transactions that wait for each other; Galera ends, when it commits, one that changed the same
rows as a transaction on another member (a certification conflict), and says the same: deadlock. Either way nothing of
it was stored, and it is right to do it again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connections

DEADLOCK = 1213  # ER_LOCK_DEADLOCK of MariaDB and MySQL; SQLite has none, because its writers wait in one queue
ATTEMPTS = 5
LONGEST_PAUSE = 0.05  # s; a random part of it, so that two do not meet again

Result = TypeVar("Result")


def is_deadlock(error: Error) -> bool:
    """Say whether the database gave up the whole transaction in favour of another."""
    return bool(error.args) and error.args[0] == DEADLOCK


def again_after_deadlock(work: Callable[[], Result], *, before_again: Callable[[], None] = lambda: None) -> Result:
    """Do ``work``, a transaction or several, and again when the database gave it up; return its result.

    ``before_again`` undoes what a failed attempt left outside the database. Inside a transaction of the caller's there
    is nothing to repeat: that is gone too, so the caller must retry.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except Error as error:
            in_transaction = any(connections[alias].in_atomic_block for alias in connections)
            if not is_deadlock(error) or attempt == ATTEMPTS or in_transaction:
                raise
        time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - nothing secret
        before_again()
    raise AssertionError("the last attempt returns or raises")
