"""How many changes are pending, for the header of every page: exact where that is cheap, and kept where it is not.

With ten thousand endpoints a plan takes a fifth of a second of computing, ten times what a page does, and every page
that somebody opens asks for it. Then the count is kept until the site itself changes something, or for half a minute.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Count, Sum

from carriers.databases.errors import sentence_of
from carriers.history.models import HistoryEntry
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.tables.reading import TablesUnreadable

CHEAP_SECONDS = 0.05  # of computing: what some 2,500 endpoints take
KEPT_SECONDS = 30
MOST_SECONDS = 300
_KEY = "kamailio_bridge.pending_changes"


class _Known(NamedTuple):
    """What the site's own changes alter as soon as they are committed.

    The newest key of the history would not do: MariaDB gives keys when entries are inserted, so an entry that becomes
    visible may have a lower key than one that was visible before. The number of pending entries and the sum of their
    keys change with each entry that comes or goes. The revision in Kamailio's tables changes with their rows.
    """

    entries: int
    sum_of_keys: int | None
    newest_revision: tuple[int, str] | None
    stored_revision: int | None


class _Kept(NamedTuple):
    """A count, and when it was made: by the wall clock, because other processes may read it from a shared cache."""

    known: _Known
    changes: int
    made: float


def pending_changes(patience: float = KEPT_SECONDS) -> int:
    """Count the rows that the next apply would change. Raises ``TablesUnreadable``.

    A change that the site itself made counts as soon as it is committed. Any other change may be missed for
    ``patience`` seconds, at most ``MOST_SECONDS``.
    """
    known = _read_known()
    kept: _Kept | None = cache.get(_KEY)
    if kept is not None and kept.known == known and abs(time.time() - kept.made) < patience:
        return kept.changes
    made, start = time.time(), time.thread_time()
    count = make_plan().count
    if time.thread_time() - start > CHEAP_SECONDS:
        cache.set(_KEY, _Kept(known, count, made), MOST_SECONDS)
    return count


def _read_known() -> _Known:
    entries = HistoryEntry.objects.filter(applied_number=None).aggregate(count=Count("pk"), keys=Sum("pk"))
    newest = Revision.objects.order_by("-number").values_list("number", "outcome").first()
    try:
        stored = stored_revision()
    except DatabaseError as error:
        raise TablesUnreadable(f"Kamailio's tables can't be read. {sentence_of(error)}") from error
    return _Known(entries["count"], entries["keys"], newest, stored)
