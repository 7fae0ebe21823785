"""The SQL files of Debian's Kamailio packages, and the database's description of the tables that they make."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from django.db import connections

from kamailio_bridge.tables.create import create_missing_tables
from tests.scratch import run_sql

FOLDERS = {
    "sqlite": (Path("/usr/share/kamailio/db_sqlite"), "kamailio-sqlite-modules"),
    "mysql": (Path("/usr/share/kamailio/mysql"), "kamailio-mysql-modules"),
}
FILES = ("standard", "dispatcher", "mtree", "permissions", "uac", "htable", "drouting")


def make_stock_tables(alias: str) -> None:
    """Run Kamailio's own SQL files for the tables that we use, and a few more that stand in the same files."""
    folder, package = FOLDERS[connections[alias].vendor]
    assert folder.is_dir(), f"Kamailio's SQL files are missing. Install them: apt-get install -y {package}"
    for name in FILES:
        run_sql(alias, (folder / f"{name}-create.sql").read_text(encoding="utf-8"))
    create_missing_tables(alias)  # our own table


def redeclare(alias: str, table: str, column: str, kind: str) -> None:
    """Give a column of an empty table another type."""
    if connections[alias].vendor == "mysql":
        run_sql(alias, f"ALTER TABLE {table} MODIFY {column} {kind} NOT NULL")
        return
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        declaration = cursor.fetchone()[0]
        changed = re.sub(rf'("?\b{column}\b"?) [\w()]+', rf"\1 {kind}", declaration, count=1)
        cursor.execute(f"DROP TABLE {table}")
        cursor.execute(changed)


class Column(NamedTuple):
    """A column as the database declares it; ``kind`` without UNSIGNED and display widths, which models don't have."""

    name: str
    kind: str
    nullable: bool
    default: str | None
    counts_up: bool


class Description(NamedTuple):
    """A table: its columns in order, its primary key, and the columns of each unique index."""

    columns: list[Column]
    primary_key: list[str]
    unique: set[tuple[str, ...]]


def describe(alias: str, table: str) -> Description:
    """Read what a table is like from the database's own catalogue."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table).values()
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, type, NOT \"notnull\", dflt_value, type = 'INTEGER' AND pk FROM pragma_table_info(%s)",
                [table],
            )
        else:
            cursor.execute(
                "SELECT column_name, column_type, is_nullable = 'YES', column_default, extra = 'auto_increment' "
                "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s "
                "ORDER BY ordinal_position",
                [table],
            )
        columns = [
            Column(name, _bare(kind), bool(nullable), None if default == "NULL" else default, bool(counts_up))
            for name, kind, nullable, default, counts_up in cursor.fetchall()
        ]
    return Description(
        columns,
        next(each["columns"] for each in constraints if each["primary_key"]),
        {
            tuple(constraint["columns"])
            for constraint in constraints
            if constraint["unique"] and not constraint["primary_key"]
        },
    )


def _bare(kind: str) -> str:
    kind = kind.lower().replace("integer", "int").replace(" unsigned", "")
    return re.sub(r"int\(\d+\)", "int", kind)
