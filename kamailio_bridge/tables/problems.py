"""Problems of Kamailio's tables that break this product or Kamailio, in sentences for the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import Error, models

from carriers.databases.errors import sentence_of
from kamailio_bridge.tables.columns import Column, read_columns
from kamailio_bridge.tables.models import Address, KamailioTable, Version

INTEGERS = frozenset({"int", "integer", "mediumint"})
SMALL_INTEGERS = INTEGERS | {"smallint"}
TEXTS = frozenset({"varchar", "char"})
LONG_TEXTS = frozenset({"tinytext", "text", "mediumtext", "longtext"})


def problems_of(tables: Sequence[type[KamailioTable]], alias: str) -> list[str]:
    """Return a sentence for each problem of these tables, in two queries.

    Wider columns, and further ones with a default, as dSIPRouter makes them, are no problem.
    """
    try:
        found = read_columns([name_of(table) for table in tables], alias)
        versions = _versions(alias) if name_of(Version) in found else None
    except Error as error:
        return [sentence_of(error)]
    missing = [name_of(table) for table in tables if name_of(table) not in found]
    problems = [_missing(missing, alias)] if missing else []
    for table in tables:
        if name_of(table) in found:
            problems += _column_problems(table, found[name_of(table)], alias)
            if versions is not None:
                problems += _version_problems(table, versions.get(name_of(table)), alias)
    return problems


def name_of(table: type[KamailioTable]) -> str:
    """Return the table's name in the database."""
    return table._meta.db_table


def _versions(alias: str) -> dict[str, int]:
    return dict(Version.objects.using(alias).values_list("table_name", "table_version"))


def _missing(names: Sequence[str], alias: str) -> str:
    listed = ", ".join(f"“{name}”" for name in names)
    subject = f"Table {listed} is" if len(names) == 1 else f"Tables {listed} are"
    return f"{subject} missing in the database “{alias}”: run manage.py create_kamailio_tables."


def _version_problems(table: type[KamailioTable], version: int | None, alias: str) -> Iterator[str]:
    name, known = name_of(table), table.db_table_version
    if version is None:
        yield (
            f"Table “{name}” in the database “{alias}” has no row in the table “version”, so Kamailio would not start "
            f"with it: if it is of Kamailio 5.6, add the row with version {known}."
        )
    elif version != known:
        yield (
            f"Table “{name}” in the database “{alias}” has version {version}; this product knows {known}, that of "
            "Kamailio 5.6: migrate the table with the script that comes with Kamailio."
        )


def _column_problems(table: type[KamailioTable], columns: dict[str, Column], alias: str) -> Iterator[str]:
    fields = {field.column: field for field in table._meta.concrete_fields}
    for name, field in fields.items():
        subject = f"Column “{name_of(table)}.{name}” in the database “{alias}”"
        if name not in columns:
            yield f"{subject} is missing: compare the table with that of Kamailio 5.6."
        else:
            yield from _differences(subject, table, field, columns[name])
    for name in columns.keys() - fields.keys():
        if columns[name].needs_value:
            yield (
                f"Column “{name_of(table)}.{name}” in the database “{alias}” is not one of Kamailio's and has no "
                "default, so that no row can be added: give it a default."
            )


def _differences(subject: str, table: type[KamailioTable], field: models.Field, column: Column) -> Iterator[str]:
    kinds, stock = _accepted(table, field)
    if column.kind not in kinds:
        yield f"{subject} is declared {column.kind.upper()}, but must be {stock}: change its type."
    elif field.max_length and column.length is not None and column.length < field.max_length:
        yield f"{subject} holds {column.length} characters, but must hold {field.max_length}: make it {stock}."


def _accepted(table: type[KamailioTable], field: models.Field) -> tuple[frozenset[str], str]:
    """Return the accepted types of a column, and its type in Kamailio's own SQL files."""
    is_strict = table.reads_types_strictly and field.column not in table.lenient_columns
    if isinstance(field, models.CharField):
        return TEXTS if is_strict else TEXTS | LONG_TEXTS, f"VARCHAR({field.max_length})"
    if isinstance(field, models.PositiveSmallIntegerField):
        return SMALL_INTEGERS, "SMALLINT UNSIGNED"
    return INTEGERS if is_strict else INTEGERS | {"bigint"}, "INT"


def upgrade_warnings(alias: str = "kamailio") -> list[str]:
    """Return a sentence for columns that Kamailio 5.6 reads, but that keep Kamailio 6.0 from starting."""
    try:
        columns = read_columns([name_of(Address)], alias).get(name_of(Address), {})
    except Error:
        return []  # table_problems reports it
    if "tag" not in columns or columns["tag"].kind not in LONG_TEXTS:
        return []
    sentence = (
        f"Column “address.tag” in the database “{alias}” is declared {columns['tag'].kind.upper()}: Kamailio 5.6 reads"
        " it, but Kamailio 6.0 does not start with it. Make it VARCHAR(64) before you upgrade Kamailio."
    )
    return [sentence]
