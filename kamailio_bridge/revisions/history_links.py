"""Revisions as milestones of the history: each entry says with which one it was applied."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from carriers.history.milestones import Milestone
from kamailio_bridge.revisions.models import Revision


def revisions_with(numbers: Collection[int]) -> dict[int, Milestone]:
    """Return the revisions with these numbers."""
    known = Revision.objects.filter(number__in=numbers).values_list("number", flat=True)
    return {
        number: Milestone(f"revision {number}", reverse("admin:kamailio_bridge_revision_change", args=[number]))
        for number in known
    }
