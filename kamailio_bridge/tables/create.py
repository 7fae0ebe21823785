"""Create Kamailio's missing tables. Existing ones are never dropped, altered or overwritten."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connections

from kamailio_bridge.tables.models import TABLES, KamailioTable, Version


@dataclass
class CreationReport:
    """The tables that ``create_missing_tables`` made and found, and SQLite's journal mode."""

    made: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    journal_mode: str | None = None


def create_missing_tables(alias: str = "kamailio") -> CreationReport:
    """Create the missing tables of ``TABLES``, each with its row in ``version``.

    Safe to repeat, and to run beside tables of Kamailio's own SQL files. An existing table keeps its row in
    ``version``, even a wrong or missing one: its origin is unknown then, so ``checks`` reports it and an operator
    decides. On SQLite the file is switched to WAL, because Kamailio reads while we write
    (docs/kamailio-facts.md#sqlite).
    """
    connection = connections[alias]
    report = CreationReport()
    if connection.vendor == "sqlite":
        report.journal_mode = _switch_to_wal(alias)
    present = set(connection.introspection.table_names())
    for table in TABLES:  # Version comes first: it has the rows of the others
        name = table._meta.db_table
        if name in present:
            report.found.append(name)
        else:
            _create(table, alias)
            report.made.append(name)
    return report


def _create(table: type[KamailioTable], alias: str) -> None:
    with connections[alias].schema_editor() as editor:
        editor.create_model(table)
        # A row of an earlier table of this name would stop the insertion or be wrong.
        Version.objects.using(alias).update_or_create(
            table_name=table._meta.db_table, defaults={"table_version": table.db_table_version}
        )


def _switch_to_wal(alias: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
        return str(cursor.fetchone()[0])
