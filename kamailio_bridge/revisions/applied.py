"""The last revision that was applied: its rows should be in Kamailio's tables."""

from __future__ import annotations

from carriers.snapshots.state import State
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision


def last_applied() -> Revision | None:
    """Return the revision whose rows the tables should hold: the newest that was written, None before the first.

    One that was killed while writing counts if the tables say that it was written.
    """
    revisions = Revision.objects.order_by("-number")
    written = revisions.exclude(outcome__in=(Revision.Outcome.WRITING, Revision.Outcome.FAILED)).first()
    in_tables = revisions.filter(number=stored_revision() or 0).first()
    known = [revision for revision in (written, in_tables) if revision is not None]
    return max(known, key=lambda revision: revision.number, default=None)


def applied_state() -> State:
    """Return the carriers that were applied last, as far as they are kept; an empty state before the first apply."""
    last = last_applied()
    if last is None:
        return {}
    kept = Revision.objects.filter(number__lte=last.number, snapshot__isnull=False)
    newest = kept.exclude(outcome=Revision.Outcome.FAILED).order_by("-number").first()
    return (newest.state() if newest is not None else None) or {}
