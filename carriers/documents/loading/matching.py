"""Match endpoints of a document to stored ones: rows must keep their keys, because those are Kamailio's ids."""

from __future__ import annotations

from functools import cache

from django.db import models

from carriers.documents.items import Item, Values
from carriers.models import Endpoint

# The same address with the same digits is the same endpoint; failing that the same address, then the same name.
_ALIKE = (("host", "port", "transport", "strip", "prefix"), ("host", "port", "transport"), ("name",))


def match_endpoints(items: list[Item], stored: list[Endpoint]) -> tuple[list[tuple[Item, Endpoint]], list[Endpoint]]:
    """Return each item with its stored or a new endpoint, and the stored endpoints that no item matches."""
    if not stored:
        return [(item, Endpoint()) for item in items], []
    left = list(stored)
    chosen: dict[int, Endpoint] = {}
    values = [with_defaults(Endpoint, item.values) for item in items]
    for names in _ALIKE:
        for index, wanted in enumerate(values):
            if index in chosen or not wanted.get(names[0]):
                continue
            same = next((found for found in left if all(getattr(found, name) == wanted[name] for name in names)), None)
            if same is not None:
                chosen[index] = same
                left.remove(same)
    return [(item, chosen.get(index) or Endpoint()) for index, item in enumerate(items)], left


def with_defaults(model: type[models.Model], values: Values) -> Values:
    """Return the values with defaults for missing fields: an entry of a list replaces the stored object as a whole."""
    return {**_defaults(model), **values}


@cache
def _defaults(model: type[models.Model]) -> Values:
    columns = (column for column in model._meta.concrete_fields if column.has_default() and not column.primary_key)
    return {column.name: column.get_default() for column in columns}
