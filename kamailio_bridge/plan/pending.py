"""The number of pending changes, for the header of every page: counted where that is cheap, and cached where it is not.

With ten thousand endpoints a plan takes 0.2 s of CPU time, ten times as much as a page, and every page asks for the
count. In that case it is cached until the site itself changes something, but for 30 seconds at most.
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

CHEAP_SECONDS = 0.05  # of CPU time, which some 2,500 endpoints take
KEPT_SECONDS = 30
LONGEST_SECONDS = 300
_KEY = "kamailio_bridge.pending_changes"


class _Known(NamedTuple):
    """Values that every change of the site itself alters as soon as it is committed.

    The newest key of the history is not enough: MariaDB assigns keys at the insert, so an entry that becomes visible
    may have a lower key than one that was visible before. The number of pending entries and the sum of their
    keys change with each entry that comes or goes. The revision in Kamailio's tables changes with their rows.
    """

    entries: int
    sum_of_keys: int | None
    newest_revision: tuple[int, str] | None
    stored_revision: int | None


class _Kept(NamedTuple):
    """A count, and its time by the wall clock, because other processes may read it from a shared cache."""

    known: _Known
    changes: int
    made: float


def pending_changes(patience: float = KEPT_SECONDS) -> int:
    """Count the rows that the next apply would change. Raises ``TablesUnreadable``.

    A change that the site itself made counts as soon as it is committed. Any other change may be missed for
    ``patience`` seconds, at most ``LONGEST_SECONDS``.
    """
    known = _read_known()
    kept: _Kept | None = cache.get(_KEY)
    if kept is not None and kept.known == known and abs(time.time() - kept.made) < patience:
        return kept.changes
    made, start = time.time(), time.thread_time()
    count = make_plan().count
    if time.thread_time() - start > CHEAP_SECONDS:
        cache.set(_KEY, _Kept(known, count, made), LONGEST_SECONDS)
    return count


def _read_known() -> _Known:
    entries = HistoryEntry.objects.filter(applied_number=None).aggregate(count=Count("pk"), keys=Sum("pk"))
    newest = Revision.objects.order_by("-number").values_list("number", "outcome").first()
    try:
        stored = stored_revision()
    except DatabaseError as error:
        raise TablesUnreadable(f"Kamailio's tables can't be read. {sentence_of(error)}") from error
    return _Known(entries["count"], entries["keys"], newest, stored)
