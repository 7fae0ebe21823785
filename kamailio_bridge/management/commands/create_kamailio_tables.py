"""Make Kamailio's tables."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from kamailio_bridge.modules.tables_in_use import table_problems
from kamailio_bridge.tables.create import create_missing_tables
from kamailio_bridge.tables.models import TABLES


class Command(BaseCommand):
    """Make missing tables, and report what was made, what was found and what is wrong with it."""

    help = "Make the tables that Kamailio reads, where they are missing. Changes nothing that is there."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = create_missing_tables()
        except Error as error:
            raise CommandError(
                f"The tables can't be made in the database “kamailio”: {error.args[-1]}. Check KAMAILIO_DATABASE_URL."
            ) from error
        if report.made:
            self.stdout.write(f"Made: {', '.join(report.made)}.")
        if report.found:
            self.stdout.write(f"Already there, left as they are: {', '.join(report.found)}.")
        if report.journal_mode not in {None, "wal"}:
            self.stderr.write(
                f"The SQLite file's journal mode is {report.journal_mode}, not WAL: Kamailio's reloads may fail while "
                "we write. Keep the file on a local disk."
            )
        problems = table_problems(tables=TABLES)
        if problems:
            raise CommandError("\n".join(problems))
