"""The actual columns of Kamailio's tables, read in one query."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connections

_SQLITE = """
    SELECT tables.name, columns.name, columns.type, NULL,
           columns."notnull" AND columns.dflt_value IS NULL AND NOT columns.pk
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.name IN ({names})
"""
_MYSQL = """
    SELECT table_name, column_name, data_type, character_maximum_length,
           is_nullable = 'NO' AND column_default IS NULL AND extra = ''
    FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name IN ({names})
"""


class Column(NamedTuple):
    """One column as declared.

    ``kind`` is the bare type name in lower case, such as ``varchar``. ``length`` is the limit in characters, None
    without one: SQLite declares a limit and ignores it. ``needs_value``: a row can't be added without a value.
    """

    kind: str
    length: int | None
    needs_value: bool


def read_columns(names: Sequence[str], alias: str) -> dict[str, dict[str, Column]]:
    """Return the columns of the tables and views ``names``, by table and column; missing tables are left out."""
    connection = connections[alias]
    template = _SQLITE if connection.vendor == "sqlite" else _MYSQL
    found: dict[str, dict[str, Column]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(template.format(names=", ".join(["%s"] * len(names))), list(names))
        for table, column, declared, length, needs_value in cursor.fetchall():
            kind = re.sub(r"\(.*|\s.*", "", declared.strip().lower())
            found[table][column] = Column(kind, length, bool(needs_value))
    return dict(found)
