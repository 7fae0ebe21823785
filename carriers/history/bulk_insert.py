"""Bulk inserts by ``executemany``, without the model objects of ``bulk_create``, which would take most of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connections, models, router

_AS_THEY_ARE = (int, str, type(None))  # sent to the database unchanged, bool and IntegerChoices included


def insert_rows(model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows of values by field name; missing fields get their default, and the database assigns the keys.

    The caller holds the transaction. Nothing is checked, and no signals are sent.
    """
    connection = connections[router.db_for_write(model)]
    columns = [column for column in model._meta.concrete_fields if not column.primary_key]
    places = {column.name: place for place, column in enumerate(columns)}

    def prepared(column: models.Field, value: Any) -> Any:
        if isinstance(value, models.Model):
            return value.pk
        return value if isinstance(value, _AS_THEY_ARE) else column.get_db_prep_save(value, connection)

    blank = [prepared(column, column.get_default()) for column in columns]
    values = []
    for row in rows:
        filled = blank.copy()
        for name, value in row.items():
            place = places[name]
            filled[place] = prepared(columns[place], value)
        values.append(filled)
    if values:
        quote = connection.ops.quote_name
        names = ", ".join(quote(str(column.column)) for column in columns)
        marks = ", ".join(["%s"] * len(columns))
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})", values)  # noqa: S608
