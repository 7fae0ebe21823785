"""How long revisions keep their large data: the carriers to roll back to, and the changed rows."""

from __future__ import annotations

from django.conf import settings

from kamailio_bridge.revisions.models import Revision


def drop_old_snapshots(*, in_tables: int) -> int:
    """Drop the large data of all but the last ``KAMAILIO_REVISIONS_KEPT`` revisions. Return the number of those.

    The revision in Kamailio's tables and the newest verified one always keep theirs, so that one can roll back to them.
    """
    kept = max(1, settings.KAMAILIO_REVISIONS_KEPT)
    verified = Revision.objects.verified().values_list("pk", flat=True).first()
    with_snapshot = Revision.objects.with_snapshot().order_by("-pk").values_list("pk", flat=True)
    old = [pk for pk in with_snapshot[kept:] if pk not in (in_tables, verified)]
    for start in range(0, len(old), 500):
        Revision.objects.filter(pk__in=old[start : start + 500]).update(snapshot=None, changes=[])
    return len(old)
