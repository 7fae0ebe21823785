"""How many changes wait, for the header of every page: exact where that is cheap, and remembered where it is not.

With ten thousand endpoints a plan takes a fifth of a second of computing, ten times what a page does, and every page
that somebody opens asks for it. Then the count is kept until something happens that the site knows of (an entry in the
history, a revision), or for half a minute.
"""

from __future__ import annotations

import time

from django.core.cache import cache
from django.db.models import Max

from carriers.history.models import HistoryEntry
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision

CHEAP_SECONDS = 0.05  # of computing: what some 2,500 endpoints take
KEPT_SECONDS = 30
MOST_SECONDS = 300
_KEY = "kamailio_bridge.waiting_changes"


def waiting_changes(patience: float = KEPT_SECONDS) -> int:
    """Count the rows that the next apply would change. Raises ``TablesUnreadable``.

    For ``patience`` seconds, at most ``MOST_SECONDS``, a change that the site does not know of may be missed.
    """
    known = _what_the_site_knows()
    kept = cache.get(_KEY)
    if kept is not None and kept[0] == known and time.monotonic() - kept[2] < patience:
        return int(kept[1])
    start = time.thread_time()
    count = make_plan().count
    if time.thread_time() - start > CHEAP_SECONDS:
        cache.set(_KEY, (known, count, time.monotonic()), MOST_SECONDS)
    return count


def _what_the_site_knows() -> tuple[object, ...]:
    newest = Revision.objects.order_by("-number").values_list("number", "outcome").first()
    return HistoryEntry.objects.aggregate(last=Max("pk"))["last"], newest
