"""Field validation that checks each distinct value once: ten thousand endpoints share one port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

Column = models.Field
Outcome = tuple[Any, tuple[ValidationError, ...]]


class ValueCheck:
    """Do what ``Model.clean_fields`` does, and cache the outcome per value."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[type[models.Model], str, Any], Outcome] = {}

    def clean(self, found: models.Model, *, exclude: Iterable[str] = ()) -> Iterator[tuple[str, ValidationError]]:
        """Assign the clean values; yield name and error of each field whose value is refused."""
        model = type(found)
        for column in _columns(model):
            if column.name in exclude:
                continue
            raw = getattr(found, column.attname)
            if column.blank and raw in column.empty_values:
                continue
            key = (model, column.name, raw)
            outcome = self._outcomes.get(key)
            if outcome is None:
                outcome = self._outcomes[key] = _clean(column, raw, found)
            clean, errors = outcome
            if clean is not raw:
                setattr(found, column.attname, clean)
            for error in errors:
                yield column.name, error


@cache
def _columns(model: type[models.Model]) -> tuple[Column, ...]:
    """Return the fields that people fill in: no keys and no relations."""
    return tuple(
        column
        for column in model._meta.concrete_fields
        if column.editable and not column.is_relation and not column.primary_key
    )


def _clean(column: Column, raw: Any, found: models.Model) -> Outcome:
    try:
        return column.clean(raw, found), ()
    except ValidationError as refusal:
        return raw, tuple(_with_choices(column, raw, error) for error in refusal.error_list)


def _with_choices(column: Column, raw: Any, error: ValidationError) -> ValidationError:
    """Name the possible choices, which Django's message leaves out."""
    if error.code != "invalid_choice":
        return error
    possible = ", ".join(str(value) for value, _ in column.flatchoices)
    return ValidationError(f"“{str(raw)[:64]}” is not possible; possible are {possible}.")
