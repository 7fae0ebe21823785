"""Milestones, with which changes were applied: an apply marks its entries, so clocks do not matter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from carriers.history.models import HistoryEntry
from carriers.history.tracking import Owner
from carriers.hook_points import HookPoint

_CHUNK = 500  # keys in one statement


class Milestone(NamedTuple):
    """Something that applied changes, such as “revision 7”, and its page."""

    label: str
    url: str


# Hooks of other apps that have milestones: each returns the existing ones among the given numbers.
sources = HookPoint[[Collection[int]], dict[int, Milestone]]("sources")


def milestones_of(numbers: Iterable[int | None]) -> dict[int | None, Milestone]:
    """Return the milestones with these numbers."""
    wanted = {number for number in numbers if number is not None}
    if not wanted:
        return {}
    return {number: milestone for found in sources.call(wanted) for number, milestone in found.items()}


def entries_not_applied() -> list[int]:
    """Return the keys of the entries that were not applied yet, in ascending order."""
    pending = HistoryEntry.objects.filter(applied_number=None).order_by("pk")
    return list(pending.values_list("pk", flat=True))


def mark_applied(entries: list[int], number: int, *, left_out: Collection[Owner] = ()) -> None:
    """Note that these changes were applied with ``number``, except those of objects that were left out."""
    others = Q(pk__in=[])
    for model, pk in left_out:
        own = Q(content_type=ContentType.objects.get_for_model(model), object_id=pk)
        others |= own | Q(owner_kind=model._meta.label_lower, owner_id=pk)
    for start in range(0, len(entries), _CHUNK):
        taken = HistoryEntry.objects.filter(pk__in=entries[start : start + _CHUNK]).exclude(others)
        taken.update(applied_number=number)
