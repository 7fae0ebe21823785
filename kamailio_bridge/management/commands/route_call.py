"""manage.py route_call: where a dialled number would go, by the carriers, by the tables, and by each node now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from carriers.models import PBX
from kamailio_bridge.questions.dialled_number import clean_number
from kamailio_bridge.questions.route_lookup import Column, RouteTest, route_test
from kamailio_bridge.questions.route_prediction import Attempt, minute_of


class Command(BaseCommand):
    help = (
        "Show which endpoints a dialled number would be sent to, in order, with the exact R-URI, transport and"
        " credential that each would receive, and why every other endpoint of the route is not used: once the carriers"
        " are applied, and by Kamailio's tables where that differs. With --live, every node is asked what it would do"
        " now. The exit status is 1 when no endpoint would get the call, or, with --live, when a node gives no answer"
        " or another one."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="NUMBER", help="the number as the PBX dials it")
        parser.add_argument("--pbx", metavar="NAME", help="the PBX that dials it, for number plan and conditions")
        parser.add_argument(
            "--at", metavar="TIME", help="when, such as 2026-12-24T18:30, in the site's time zone; by default now"
        )
        parser.add_argument("--live", action="store_true", help="ask every node what it would do now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            number = clean_number(options["number"])
        except ValueError as error:
            raise CommandError(f"“{options['number']}” is no number. {error}") from None
        pbx = None
        if options["pbx"] is not None:
            pbx = PBX.objects.filter(name__iexact=options["pbx"]).values_list("pk", flat=True).first()
            if pbx is None:
                raise CommandError(f"There is no PBX “{options['pbx']}”.")
        at = minute_of(_moment(options["at"])) if options["at"] is not None else None
        test = route_test(number, live=options["live"], pbx=pbx, at=at)
        pending = test.columns[0]
        self._show(pending)
        for note in test.notes:
            self.stdout.write(f"note: {note}")
        for column in test.columns[1:]:
            differs = (column.attempts, column.outcome) != (pending.attempts, pending.outcome)
            if column.failed or options["live"] or differs:
                self._show(column)
        for line in _differences(test):
            self.stdout.write(line)
        if not pending.attempts or (options["live"] and (test.differs or not test.is_complete)):
            raise SystemExit(1)

    def _show(self, column: Column) -> None:
        self.stdout.write(f"{column.title}: {column.sentence}")
        for number, attempt in enumerate(column.attempts, start=1):
            self.stdout.write(f"{number}. {_attempt(attempt)}")
            if attempt.steps:
                self.stdout.write(f"   {attempt.steps}")
        for unused in column.unused:
            self.stdout.write(f"not used: {unused.endpoint} of {unused.group}: {unused.reason}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no time: write it such as 2026-12-24T18:30.") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _attempt(attempt: Attempt) -> str:
    parts = [f"{attempt.group}: {attempt.endpoint}", attempt.transport]
    if attempt.credential:
        parts.append(f"credential {attempt.credential}")
    if attempt.weight is not None:
        parts.append(f"weight {attempt.weight}")
    return f"{attempt.r_uri}  ({', '.join(parts)})"


def _differences(test: RouteTest) -> list[str]:
    names = [f"{line.endpoint} of {line.group}" for line in test.lines if line.differs]
    return [f"differs: {name}" for name in (["the answer to the caller"] if test.outcomes_differ else []) + names]
