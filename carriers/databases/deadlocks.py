"""Retry a transaction that the database gave up in favour of another.

MariaDB ends one of two transactions that wait for each other. Galera ends a transaction on commit if another member
changed the same rows (a certification conflict), with the same error code. In both cases nothing was stored, and the
transaction is safe to retry.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connections

DEADLOCK = 1213  # ER_LOCK_DEADLOCK of MariaDB and MySQL; SQLite has none, because its writers wait in one queue
ATTEMPTS = 5
LONGEST_PAUSE = 0.05  # seconds; each pause is a random part of it, to keep two transactions apart

Result = TypeVar("Result")


def is_deadlock(error: Error) -> bool:
    """Return whether the database rolled back the whole transaction in favour of another."""
    return bool(error.args) and error.args[0] == DEADLOCK


def retry_after_deadlock(work: Callable[[], Result], *, before_retry: Callable[[], None] = lambda: None) -> Result:
    """Call ``work``, which runs one or more transactions, up to ``ATTEMPTS`` times; return its result.

    ``before_retry`` undoes the effects of a failed attempt outside the database. Inside a transaction of the caller
    the deadlock is raised at once: that transaction is rolled back too, so the caller must retry.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except Error as error:
            in_transaction = any(connections[alias].in_atomic_block for alias in connections)
            if not is_deadlock(error) or attempt == ATTEMPTS or in_transaction:
                raise
        time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - nothing secret
        before_retry()
    raise AssertionError("the last attempt returns or raises")
