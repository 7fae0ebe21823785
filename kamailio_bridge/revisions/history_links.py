"""What the bridge has to do with the history: nodes have one, and revisions say what was applied."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from carriers.history import milestones
from carriers.history.milestones import Milestone
from carriers.history.tracking import track
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision


def track_bridge() -> None:
    """Keep a history of nodes, and let each entry of any history say with which revision it was applied."""
    track(KamailioNode)
    milestones.register(revisions_with)


def revisions_with(numbers: Collection[int]) -> dict[int, Milestone]:
    """Return the revisions with these numbers."""
    known = Revision.objects.filter(number__in=numbers).values_list("number", flat=True)
    return {
        number: Milestone(f"revision {number}", reverse("admin:kamailio_bridge_revision_change", args=[number]))
        for number in known
    }
