"""manage.py plan_kamailio: what the next apply would change."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamailio_bridge.plan import TablesUnreadable, make_plan


class Command(BaseCommand):
    help = (
        "Show what the next reload would change in Kamailio's tables. Changes nothing."
        " With --check, the exit status is 1 when changes wait."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="exit with status 1 when changes wait")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = make_plan()
        except TablesUnreadable as error:
            raise CommandError(str(error)) from None
        for line in plan.lines():
            self.stdout.write(line)
        for warning in plan.warnings:
            self.stderr.write(f"warning: {warning}")
        if plan.problems:
            for problem in plan.problems:
                self.stderr.write(f"problem: {problem}")
            raise CommandError("A reload would be refused until these problems are put right.")
        if plan.empties_routing:
            self.stderr.write("warning: this would leave no route for any outbound call.")
        if not plan.count:
            self.stdout.write("No changes wait.")
            return
        self.stdout.write(f"{plan.count} changes wait: {plan.summary()}.")
        if options["check"]:
            raise SystemExit(1)
