"""Restore some objects of a state to an earlier state, with whatever depends on them.

An object is a carrier group, a PBX, a condition or a route, together with its parts: endpoints, sources, the
credential, the groups of a route. The result is a state that could have been saved: nothing refers to a missing object,
and no unique value occurs twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.db import models

from carriers.labels import owners_of
from carriers.models import PBX, CarrierGroup, Condition, InboundRoute, OutboundRoute
from carriers.snapshots.state import MODELS, State, columns_of, key_of, rows_of
from carriers.values.names import name_key

Object = tuple[type[models.Model], int]
Reasons = dict[
    Object, Object | None
]  # objects that are as before, each with the object that is the reason, None for those asked for

_Rows = Mapping[type[models.Model], list[tuple[Any, ...]]]
_UNIQUE: dict[type[models.Model], str] = {
    CarrierGroup: "name",
    PBX: "name",
    Condition: "name",
    OutboundRoute: "prefix",
    InboundRoute: "prefix",
}


def with_objects_as_before(state: State, before: State, objects: set[Object]) -> tuple[State, Reasons]:
    """Return ``state`` with ``objects`` and their dependents as in ``before`` (or missing, as there), and reasons."""
    now, was = _read(state), _read(before)
    reasons: Reasons = dict.fromkeys(objects)
    while True:
        mixed = {
            model: sorted(
                [row for row in now[model] if _object(model, row) not in reasons]
                + [row for row in was[model] if _object(model, row) in reasons],
                key=lambda row: row[0],
            )
            for model in MODELS
        }
        dependents: Reasons = {found: reason for found, reason in _dependents(mixed, reasons) if found not in reasons}
        if not dependents:
            break
        reasons |= dependents
    _drop_dangling(mixed)
    return {key_of(model): {"columns": columns_of(model), "rows": mixed[model]} for model in MODELS}, reasons


def _read(state: State) -> _Rows:
    return {model: [tuple(row) for row in rows_of(state, model, *columns_of(model))] for model in MODELS}


def _object(model: type[models.Model], row: tuple[Any, ...]) -> Object:
    """Return the object that a row is or belongs to."""
    for place, owner in _owner_places(model):
        if row[place] is not None:
            return owner, row[place]
    return model, row[0]


@cache
def _owner_places(model: type[models.Model]) -> list[tuple[int, type[models.Model]]]:
    columns = columns_of(model)
    return [(columns.index(column), owner) for column, owner in owners_of(model)]


def _dependents(rows: _Rows, as_before: Reasons) -> Iterator[tuple[Object, Object]]:
    """Yield the objects that conflict, as they are now, with those that are as before."""
    for model in MODELS:
        for row, missing in _dangling(rows, model):
            yield _object(model, row), missing
        columns = columns_of(model)
        places = [0, *([columns.index(_UNIQUE[model])] if model in _UNIQUE else [])]
        for place in places:
            seen: dict[Any, Object] = {}
            for row in rows[model]:
                found, value = _object(model, row), name_key(row[place]) if place else row[place]
                other = seen.setdefault(value, found)
                if other != found:
                    pair = (other, found) if other in as_before else (found, other)
                    yield pair[1], pair[0]


def _dangling(rows: _Rows, model: type[models.Model]) -> Iterator[tuple[tuple[Any, ...], Object]]:
    """Yield the rows of a model that refer to a missing object, with that object."""
    columns = columns_of(model)
    for field in model._meta.concrete_fields:
        target = field.related_model
        if target not in MODELS:
            continue
        place, known = columns.index(field.attname), {row[0] for row in rows[target]}
        for row in rows[model]:
            if row[place] is not None and row[place] not in known:
                yield row, (target, row[place])


def _drop_dangling(rows: _Rows) -> None:
    """Remove rows that refer to missing objects; they can only belong to objects that are as before."""
    for model in MODELS:  # in the order in which they refer to each other
        gone = {row[0] for row, _ in _dangling(rows, model)}
        rows[model][:] = [row for row in rows[model] if row[0] not in gone]
