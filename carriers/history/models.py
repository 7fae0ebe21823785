"""The entries of the history, in one table for all kinds of objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.db import models, router, transaction
from django.utils import timezone

from carriers.history.actor import current_actor
from carriers.history.bulk_insert import insert_rows
from carriers.history.object_names import cached_names, name_beside
from carriers.history.tracking import label_of, owner_of

_batch: ContextVar[list[dict[str, Any]] | None] = ContextVar("history_batch", default=None)


class HistoryManager(LogEntryManager):
    """Entries with actor and owner, written one by one or, in ``in_one_batch``, together."""

    def log_create(self, instance: models.Model, force_log: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """Create the entry of a save or deletion that django-auditlog reports; add label, owner and names."""
        changes = kwargs.pop("changes", None)
        if changes is None and not force_log:
            return None
        return super().log_create(
            instance,
            force_log,
            object_repr=label_of(instance),
            changes=_with_names(instance, changes or {}),
            **owner_columns(owner_of(instance)),
            **kwargs,
        )

    def create(self, **kwargs: Any) -> Any:
        """Store an entry and return it; in a batch, keep its values for the end, and return None."""
        actor = current_actor()
        batch = _batch.get()
        if batch is not None:
            batch.append({"timestamp": timezone.now(), "actor": actor.user, "actor_name": actor.name, **kwargs})
            return None
        entry = self.model(actor=actor.user, actor_name=actor.name, **kwargs)
        entry.save(force_insert=True, using=self.db)
        return entry


def _with_names(instance: models.Model, changes: dict[str, Any]) -> dict[str, Any]:
    """Replace keys of other objects by their names, which stay readable when the object is gone."""
    for column in instance._meta.concrete_fields:
        if column.is_relation and column.name in changes:
            changes[column.name] = [
                name_beside(instance, cast(Any, column.related_model), pk) if pk is not None else None
                for pk in changes[column.name]
            ]
    return changes


class HistoryEntry(AbstractLogEntry):
    """One object that was added, changed or deleted: when, by whom, and each field's old and new value.

    ``object_repr`` is the object's name at the time, with its owner; ``owner_kind`` and ``owner_id`` find the entries
    of an object's parts. ``applied_number`` is None until the change is applied. ``actor_name`` outlives the user.
    """

    actor_name = models.CharField(max_length=150, blank=True, default="")
    owner_kind = models.CharField(max_length=100, blank=True, default="")
    owner_id = models.IntegerField(null=True, blank=True)
    applied_number = models.IntegerField(null=True, blank=True)  # of the milestone

    objects = HistoryManager()

    class Meta(AbstractLogEntry.Meta):
        verbose_name = "change"
        verbose_name_plural = "changes"
        ordering = ["-timestamp", "-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["owner_kind", "owner_id"], name="history_owner"),
            models.Index(fields=["applied_number"], name="history_applied_number"),
        ]


def owner_columns(owner: tuple[type[models.Model], int] | None) -> dict[str, Any]:
    """Return the values of the columns of an object's owner."""
    return {"owner_kind": owner[0]._meta.label_lower, "owner_id": owner[1]} if owner else {}


@contextmanager
def in_one_batch() -> Iterator[None]:
    """Insert the entries of the block together at its end, in the transaction of their changes."""
    if _batch.get() is not None:
        yield
        return
    with transaction.atomic(using=router.db_for_write(HistoryEntry)):
        batch: list[dict[str, Any]] = []
        token = _batch.set(batch)
        try:
            with cached_names():
                yield
        finally:
            _batch.reset(token)
        insert_rows(HistoryEntry, batch)
