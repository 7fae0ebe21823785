"""The differences between two states of the carriers: row by row, field by field, in the operator's words.

Secrets are left out: a changed password is a change without values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models

from carriers.history.changes import Action, Change
from carriers.labels import Names, Values, label, name, owner_of
from carriers.models import PBX, CarrierGroup, Condition, InboundRoute, OutboundRoute
from carriers.snapshots.state import MODELS, State, columns_of, rows_of
from carriers.wording.field_words import Fields
from carriers.wording.secret_fields import HIDDEN, is_secret

_NAMED = (CarrierGroup, PBX, Condition, OutboundRoute, InboundRoute)


def differences(before: State, after: State) -> list[Change]:
    """Return the rows that differ, in the order in which they refer to each other."""
    old_names, new_names = _Names(before), _Names(after)
    return [change for model in MODELS for change in _changes(model, (before, old_names.name), (after, new_names.name))]


def field_changes(
    model: type[models.Model], old: tuple[Values, Names] | None, new: tuple[Values, Names] | None
) -> Fields:
    """Return the fields in which two rows differ, one of which may be missing."""
    found = {}
    for column in model._meta.concrete_fields:
        before = old[0][column.attname] if old else None
        after = new[0][column.attname] if new else None
        if not column.primary_key and before != after:
            if is_secret(model, column.name):
                found[column.name] = (HIDDEN if before else None, HIDDEN if after else None)
            else:
                found[column.name] = (_shown(column, before, old), _shown(column, after, new))
    return found


def _shown(column: models.Field, value: Any, row: tuple[Values, Names] | None) -> Any:
    if column.is_relation and value is not None and row is not None:
        return row[1](column.related_model, value)  # type: ignore[arg-type]  # a class by now, not its name
    return value


def _changes(model: type[models.Model], before: tuple[State, Names], after: tuple[State, Names]) -> Iterator[Change]:
    columns = columns_of(model)
    old_rows, new_rows = ({row[0]: row for row in rows_of(state, model, *columns)} for state, _ in (before, after))
    for pk, row in old_rows.items():
        old = (dict(zip(columns, row, strict=True)), before[1])
        if pk not in new_rows:
            yield _change(model, pk, "deleted", old, field_changes(model, old, None))
        elif row != new_rows[pk]:
            new = (dict(zip(columns, new_rows[pk], strict=True)), after[1])
            yield _change(model, pk, "changed", old, field_changes(model, old, new))
    for pk, row in new_rows.items():
        if pk not in old_rows:
            new = (dict(zip(columns, row, strict=True)), after[1])
            yield _change(model, pk, "added", new, field_changes(model, None, new))


def _change(
    model: type[models.Model],
    pk: int,
    action: Action,
    row: tuple[Values, Names],
    fields: Fields,
) -> Change:
    return Change(model, pk, action, label(model, *row), owner_of(model, row[0]), fields)


class _Names:
    """The names, in a state, of the rows that others refer to."""

    def __init__(self, state: State) -> None:
        self._names: dict[tuple[type[models.Model], int], str] = {
            (model, row[0]): name(model, dict(zip(columns_of(model), row, strict=True)))
            for model in _NAMED
            for row in rows_of(state, model, *columns_of(model))
        }

    def name(self, model: type[models.Model], pk: int) -> str:
        return self._names[model, pk]
