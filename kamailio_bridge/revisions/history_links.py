"""Revisions as milestones of the history: each entry links to the one that applied it."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from carriers.history.milestones import Milestone
from kamailio_bridge.revisions.models import Revision


def milestones_of(numbers: Collection[int]) -> dict[int, Milestone]:
    """Return a milestone for each of these revisions that exists."""
    known = Revision.objects.filter(number__in=numbers).values_list("number", flat=True)
    return {
        number: Milestone(f"revision {number}", reverse("admin:kamailio_bridge_revision_change", args=[number]))
        for number in known
    }
