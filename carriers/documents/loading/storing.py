"""Write objects in bulk, with their history entries."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connections, models, router

from carriers.carrier_history import record_written
from carriers.documents.items import Values

BATCH = 500


def store(new: list[Any], changed: list[tuple[Any, Values]]) -> None:
    """Write the objects in bulk, and their history entries, because bulk writes send no signals."""
    if new and connections[router.db_for_write(type(new[0]))].features.can_return_rows_from_bulk_insert:
        type(new[0])._default_manager.bulk_create(new, batch_size=BATCH)
        record_written(added=new)
    else:  # MySQL returns the key of one row only
        for found in new:
            found.save()
    if changed:
        model = type(changed[0][0])
        names = [column.name for column in model._meta.concrete_fields if not column.primary_key]
        model._default_manager.bulk_update([found for found, _ in changed], names, batch_size=BATCH)
        record_written(changed=changed)


def by_owner(found: models.QuerySet[Any], attribute: str, key: str = "") -> dict[Any, list[Any]]:
    """Sort objects by their owner's key, or by another attribute of the owner."""
    owned: dict[Any, list[Any]] = defaultdict(list)
    for each in found:
        owner = getattr(each, attribute)
        if owner is not None:
            owned[getattr(owner, key) if key else owner].append(each)
    return owned
