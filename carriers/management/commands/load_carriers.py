"""manage.py load_carriers: load a document into the carriers, all of it or nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.documents import DocumentRefused, load_document, read_document
from carriers.documents.load import object_count
from carriers.documents.spreadsheets import spreadsheet_sentence
from carriers.garbage_collector import collector_paused
from carriers.management.progress import progress_bar


class Command(BaseCommand):
    help = (
        "Load a carriers document (YAML or JSON; - reads standard input). All of it is stored or nothing. What an"
        " existing object's entry leaves out stays as it is; a list that it has is the whole list; a password that is"
        " left out stays. Nothing reaches Kamailio before a reload."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the document, or - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="check everything and store nothing")
        parser.add_argument(
            "--prune", action="store_true", help="delete what the document's sections do not name, and say what"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        text = self._text(options["file"])
        is_json = True if options["file"].lower().endswith(".json") else None
        try:
            tree = read_document(text, is_json=is_json)
            with collector_paused(), progress_bar(total=object_count(tree), unit="objects") as bar:
                report = load_document(tree, prune=options["prune"], dry_run=options["dry_run"], advance=bar.update)
        except DocumentRefused as refused:
            for problem in refused.problems:
                self.stderr.write(problem)
            raise CommandError(f"{refused}: nothing was stored.") from None
        for line in report.lines():
            self.stdout.write(line)
        self.stdout.write(
            "Nothing was stored, because this was a dry run."
            if options["dry_run"]
            else "Loaded. Nothing reaches Kamailio before manage.py reload_kamailio, or the button."
        )

    def _text(self, name: str) -> str:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            table = spreadsheet_sentence("Standard input" if name == "-" else name, data)
            if table:
                raise CommandError(table)
            return data.decode("utf-8-sig")
        except OSError as error:
            raise CommandError(f"{name} can't be read: {error.strerror}.") from None
        except UnicodeDecodeError as error:
            raise CommandError(f"{name} is not UTF-8 text: byte {error.start} is not.") from None
