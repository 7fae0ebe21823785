"""What the bridge has to do with the history: nodes have one, and revisions say what was applied."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from carriers.history import milestones
from carriers.history.milestones import Milestone
from carriers.history.tracking import track
from kamailio_bridge.node_records import KamailioNode
from kamailio_bridge.revisions import Revision


def track_bridge() -> None:
    """Keep a history of nodes, and let each entry of any history say with which revision it was applied."""
    track(KamailioNode)
    milestones.register(revisions_after)


def revisions_after(moment: datetime) -> list[Milestone]:
    """Return the revisions that took in the carriers after a moment and reached Kamailio's tables."""
    reached = Revision.objects.filter(carriers_read__gte=moment).exclude(
        outcome__in=(Revision.Outcome.FAILED, Revision.Outcome.WRITING)
    )
    return [
        Milestone(read, f"revision {number}", reverse("admin:kamailio_bridge_revision_change", args=[number]))
        for number, read in reached.order_by("carriers_read").values_list("number", "carriers_read")
        if read is not None
    ]
