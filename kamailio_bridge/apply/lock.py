"""The lock that lets one apply run at a time, across processes and hosts.

A row in the database ``default`` names the holder and when the claim expires; the holder renews it before each step.
This works with any database or cluster. The lock of a killed holder is free at once if the database can detect that
(``lock_holder``), and otherwise when the claim expires. Only the database's clock counts.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Now

from carriers.databases.deadlocks import retry_after_deadlock
from kamailio_bridge.apply.lock_holder import forget, hold_sign_of_life, is_dead
from kamailio_bridge.revisions.models import ApplyLock

LOCK_ID = 1


class Busy(Exception):
    """Somebody else is applying. ``str()`` is a sentence that says who and until when."""


class LockLost(Exception):
    """The claim expired before it was renewed, and somebody else may hold the lock now."""


@dataclass(frozen=True)
class Claim:
    """A held lock. Call ``renew`` before each step, with the longest time that the step may take."""

    token: str

    def renew(self, seconds: float) -> None:
        """Extend the claim to ``seconds`` from now. Raises ``LockLost``."""
        mine = ApplyLock.objects.filter(pk=LOCK_ID, token=self.token)
        if not mine.update(expires=_from_now(seconds)):
            raise LockLost("Another apply took the lock, because this one took too long. Look at the newest revision.")


@contextmanager
def apply_lock(who: str, seconds: float) -> Iterator[Claim]:
    """Hold the lock as ``who`` while the block runs. Raises ``Busy`` at once when somebody else holds it."""
    claim = Claim(secrets.token_hex(16))
    holder = f"{who} on {socket.gethostname()} (process {os.getpid()})"
    with hold_sign_of_life(_connection(), claim.token) as life:
        # In a cluster, a conflict between two holders shows only when they commit.
        if not retry_after_deadlock(lambda: _take(claim, holder[:128], life, seconds)):
            raise Busy(_busy_sentence())
        try:
            yield claim
        finally:
            ApplyLock.objects.filter(pk=LOCK_ID, token=claim.token).update(holder="", token="", life="", expires=None)


def _take(claim: Claim, holder: str, life: str, seconds: float) -> int:
    row, _ = ApplyLock.objects.get_or_create(pk=LOCK_ID)
    mine = {"holder": holder, "token": claim.token, "life": life, "expires": _from_now(seconds)}
    rows = ApplyLock.objects.filter(pk=LOCK_ID)
    taken = rows.filter(Q(token="") | Q(expires__isnull=True) | Q(expires__lt=Now())).update(**mine)
    if not taken and row.token and is_dead(_connection(), row.token, row.life):
        taken = rows.filter(token=row.token).update(**mine)
    if taken and row.token:
        forget(_connection(), row.token)
    return taken


def _connection() -> BaseDatabaseWrapper:
    return connections[router.db_for_write(ApplyLock)]


def _from_now(seconds: float) -> ExpressionWrapper:
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds)), output_field=DateTimeField())


def _busy_sentence() -> str:
    row = ApplyLock.objects.filter(pk=LOCK_ID).annotate(now=Now(), left=F("expires")).first()
    if row is None or row.expires is None:
        return "Another apply has just ended: try again."
    left = max(1, round((row.expires - row.now).total_seconds()))
    return f"{row.holder} is applying at this moment. Try again when that is done, or in {left} s at the latest."
