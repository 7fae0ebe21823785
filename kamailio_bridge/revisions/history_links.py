"""The history of the bridge: changes of nodes are recorded, and entries link to the revision that applied them."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from carriers.history import milestones
from carriers.history.milestones import Milestone
from carriers.history.tracking import track
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision


def track_bridge() -> None:
    """Record changes of nodes, and let each entry of the history link to the revision that applied it."""
    track(KamailioNode)
    milestones.register(milestones_of)


def milestones_of(numbers: Collection[int]) -> dict[int, Milestone]:
    """Return a milestone for each of these revisions that exists."""
    known = Revision.objects.filter(number__in=numbers).values_list("number", flat=True)
    return {
        number: Milestone(f"revision {number}", reverse("admin:kamailio_bridge_revision_change", args=[number]))
        for number in known
    }
