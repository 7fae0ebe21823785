"""Accept a row that somebody else changed, under the apply lock, so that nobody restores or applies it meanwhile."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models

from kamailio_bridge.apply.lock import apply_lock
from kamailio_bridge.drift.accept import accept_row
from kamailio_bridge.drift.compare import read_drift

ACCEPT_SECONDS = 120.0  # ample for comparing all tables, and again for saving one object


class DriftChanged(Exception):
    """The rows are not those that the operator saw. ``str()`` is a sentence for the operator."""


def accept_drift(*, author: User, table: str, key: str, seen: str) -> models.Model:
    """Accept one row into the carriers, and return the group, PBX or route that changed.

    ``seen`` is the digest of the drift that the operator looked at. Raises ``Busy``, ``DriftChanged``,
    ``CannotAccept`` and ``LockLost``; nothing was changed then.
    """
    with apply_lock(author.get_username(), ACCEPT_SECONDS) as claim:
        drift = read_drift()
        row = next((row for row in drift.rows if (row.table.name, str(row.pk)) == (table, key)), None)
        if row is None or seen != drift.digest:
            raise DriftChanged("Nothing was accepted, because the rows changed since you saw them: look again.")
        claim.renew(ACCEPT_SECONDS)
        return accept_row(row=row)
