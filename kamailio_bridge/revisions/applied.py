"""The last revision that was applied: its rows should be in Kamailio's tables."""

from __future__ import annotations

from carriers.snapshots.state import State
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision


def last_applied() -> Revision | None:
    """Return the revision whose rows the tables should hold: the newest that was written, None before the first.

    A revision whose apply was killed counts if the tables have its number.
    """
    written = Revision.objects.written().newest()
    in_tables = Revision.objects.filter(number=stored_revision() or 0).first()
    known = [revision for revision in (written, in_tables) if revision is not None]
    return max(known, key=lambda revision: revision.number, default=None)


def applied_state() -> State:
    """Return the last applied carriers that are still kept; an empty state before the first apply."""
    last = last_applied()
    if last is None:
        return {}
    newest = Revision.objects.not_failed().with_snapshot().filter(number__lte=last.number).newest()
    return (newest.state() if newest is not None else None) or {}
