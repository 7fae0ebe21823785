"""The checks of single values that a model's fields make, each value once: ten thousand endpoints have one port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

Column = models.Field
Outcome = tuple[Any, tuple[ValidationError, ...]]


class ValueCheck:
    """Do what ``Model.clean_fields`` does, and remember what became of each value."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[type[models.Model], str, Any], Outcome] = {}

    def clean(self, found: models.Model, *, exclude: Iterable[str] = ()) -> Iterator[tuple[str, ValidationError]]:
        """Give the object its clean values; yield the name of each field whose value is refused, with the reason."""
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
    """Return the fields that people fill in; keys and what refers to other objects are not theirs."""
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
    """Say what is possible, where Django says only that something is not."""
    if error.code != "invalid_choice":
        return error
    possible = ", ".join(str(value) for value, _ in column.flatchoices)
    return ValidationError(f"“{str(raw)[:64]}” is not possible; possible are {possible}.")
