"""Names of the objects that a changed object refers to, cached for a batch of entries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import models

_Known = dict[tuple[type[models.Model], int], str]
_cached: ContextVar[_Known | None] = ContextVar("history_names", default=None)


@contextmanager
def cached_names() -> Iterator[None]:
    """Query for each name once in the block."""
    token = _cached.set({})
    try:
        yield
    finally:
        _cached.reset(token)


def name_beside(instance: models.Model, model: type[models.Model], pk: int) -> str:
    """Return the name of an object that ``instance`` refers to or referred to, without a query if it is loaded."""
    known = _cached.get()
    if known is None:
        return _find(instance, model, pk)
    if (model, pk) not in known:
        known[model, pk] = _find(instance, model, pk)
    return known[model, pk]


def _find(instance: models.Model, model: type[models.Model], pk: int) -> str:
    for column in instance._meta.concrete_fields:
        if isinstance(column, models.ForeignKey) and column.related_model is model and column.is_cached(instance):
            beside = getattr(instance, column.name)
            if beside is not None and beside.pk == pk:
                return str(beside)
    found = model._default_manager.filter(pk=pk).first()
    return str(found) if found is not None else str(pk)
