"""How long revisions keep what is large: the carriers to go back to, and the changed rows. Their record stays."""

from __future__ import annotations

from django.conf import settings

from kamailio_bridge.revisions.models import Revision


def drop_old_snapshots(*, in_tables: int) -> int:
    """Drop what older revisions than the last ``KAMAILIO_REVISIONS_KEPT`` keep. Return of how many.

    The revision that Kamailio's tables hold and the newest one that was verified always stay: they are what one goes
    back to when something is wrong.
    """
    kept = max(1, settings.KAMAILIO_REVISIONS_KEPT)
    verified = Revision.objects.verified().values_list("pk", flat=True).first()
    with_snapshot = Revision.objects.with_snapshot().order_by("-pk").values_list("pk", flat=True)
    old = [pk for pk in with_snapshot[kept:] if pk not in (in_tables, verified)]
    for start in range(0, len(old), 500):
        Revision.objects.filter(pk__in=old[start : start + 500]).update(snapshot=None, changes=[])
    return len(old)
