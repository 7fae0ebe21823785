"""Record bulk writes, for which Django sends no signals, and read the history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from auditlog.context import disable_auditlog
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from carriers.history.changes import Action, Change
from carriers.history.models import HistoryEntry, in_one_batch, owner_columns
from carriers.history.tracking import is_applied, tracked_models
from carriers.wording.field_words import changes_in_words, values_in_words

__all__ = [
    "ACTIONS",
    "EntryInWords",
    "changes_not_applied",
    "entries_of",
    "entry_in_words",
    "in_one_batch",
    "record",
    "unrecorded",
]

ACTIONS: dict[int, Action] = {
    HistoryEntry.Action.CREATE: "added",
    HistoryEntry.Action.UPDATE: "changed",
    HistoryEntry.Action.DELETE: "deleted",
}
_CODES = {action: code for code, action in ACTIONS.items()}

unrecorded = disable_auditlog  # for a block whose changes are passed to ``record``


class EntryInWords(NamedTuple):
    """An entry of the history in words. ``details`` has one item per field: ``strip 1 -> 0``."""

    when: datetime
    who: str
    what: str
    action: Action
    details: list[str]
    is_applied: bool = True

    def __str__(self) -> str:
        details = f": {', '.join(self.details)}" if self.details and self.action == "changed" else ""
        return f"{self.what} {self.action}{details}"


def record(changes: Iterable[Change]) -> None:
    """Write an entry for each change, in one batch. Changes without a field that differs are left out."""
    with in_one_batch():
        for change in changes:
            if change.fields:
                HistoryEntry.objects.create(
                    content_type=ContentType.objects.get_for_model(change.model),
                    object_pk=str(change.pk),
                    object_id=change.pk,
                    object_repr=change.label,
                    action=_CODES[change.action],
                    changes=change.fields,
                    **owner_columns(change.owner),
                )


def changes_not_applied(*, after: int = 0, limit: int | None = None) -> list[EntryInWords]:
    """Return the changes that were not applied yet, the newest first, only those ``after`` an entry's key."""
    entries = HistoryEntry.objects.filter(applied_number=None, pk__gt=after).order_by("-pk")
    at_once = [model for model in tracked_models() if not is_applied(model)]
    entries = entries.exclude(content_type__in=ContentType.objects.get_for_models(*at_once).values())
    return [entry_in_words(entry) for entry in entries.select_related("content_type")[:limit]]


def entries_of(kind: str, pk: int) -> QuerySet[HistoryEntry]:
    """Return the entries of an object (``carriers.carriergroup``, 5) and of its parts, the newest first."""
    own = Q(content_type=ContentType.objects.get_by_natural_key(*kind.split(".")), object_id=pk)
    return HistoryEntry.objects.filter(own | Q(owner_kind=kind, owner_id=pk)).select_related("content_type")


def entry_in_words(entry: HistoryEntry) -> EntryInWords:
    """Return an entry in words."""
    action = ACTIONS[entry.action]
    fields = {name: (old, new) for name, (old, new) in (entry.changes or {}).items()}
    model = entry.content_type.model_class()
    if action == "changed":
        details = changes_in_words(model, fields)
    else:
        details = values_in_words(model, {name: pair[action == "added"] for name, pair in fields.items()})
    who = entry.actor_name or "somebody"
    return EntryInWords(entry.timestamp, who, entry.object_repr, action, details, is_applied(model))
