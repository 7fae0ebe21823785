"""manage.py dump_carriers: all carriers as one document, without passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from carriers.documents import carriers_document, dump_csv, dump_json, dump_yaml
from carriers.garbage_collector import collector_paused
from carriers.management.progress import progress_bar
from carriers.models import CarrierGroup

FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {"yaml": dump_yaml, "json": dump_json, "csv": dump_csv}


class Command(BaseCommand):
    help = (
        "Write all carriers to standard output: the document that load_carriers reads (yaml, json), or a row an"
        " endpoint for spreadsheets (csv). Passwords are never in it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), default="yaml", help="default: yaml")

    def handle(self, *args: Any, **options: Any) -> None:
        total = CarrierGroup.objects.count()
        with collector_paused():
            with progress_bar(total=total, unit="groups") as bar:
                tree = carriers_document(bar.update)
            self.stdout.write(FORMATS[options["format"]](tree), ending="")
