"""Helpers of the handlers that accept rows: a row's columns by name, and the objects of the carriers behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models

from kamailio_bridge.rows.row_drift import RowDrift

Handler = Callable[[RowDrift], models.Model]
ByColumn = dict[str, Any]


class CannotAccept(Exception):
    """The carriers can't express the row. ``str()`` is a sentence for the operator."""


def found_values(row: RowDrift) -> ByColumn:
    """Return the present values of a changed or added row by column."""
    return dict(zip(row.table.columns, row.found or (), strict=True))


def expected_values(row: RowDrift) -> ByColumn:
    """Return the applied values of a changed or deleted row by column."""
    return dict(zip(row.table.columns, row.expected or (), strict=True))


def get_locked(model: type[models.Model], pk: int) -> Any:
    """Return the object, locked until the transaction ends. Raises ``CannotAccept`` if it was deleted."""
    instance = model._default_manager.select_for_update().filter(pk=pk).first()
    if instance is None:
        noun = model._meta.verbose_name
        raise CannotAccept(f"The {noun} behind the row was deleted since: what is in the table can only be restored.")
    return instance


def save_valid(instance: models.Model) -> None:
    """Validate and save an object. Raises ``ValidationError``."""
    instance.full_clean()
    instance.save()
