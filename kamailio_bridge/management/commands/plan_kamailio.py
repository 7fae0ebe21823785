"""manage.py plan_kamailio: what the next apply would change."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamailio_bridge.apply.reload_nodes import verified_nodes
from kamailio_bridge.nodes.node import configured_nodes
from kamailio_bridge.plan.statements import rpc_calls, sql_statements
from kamailio_bridge.preview.summary import Preview, make_preview, summary_lines
from kamailio_bridge.tables.reading import TablesUnreadable


class Command(BaseCommand):
    help = (
        "Show what the next reload would change, in the words of the page before a reload. Changes nothing."
        " With --check, the exit status is 1 when changes are pending or something can't be applied."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="exit with status 1 when changes are pending or something is left out"
        )
        parser.add_argument("--rows", action="store_true", help="show the rows of Kamailio's tables, too")
        parser.add_argument("--sql", action="store_true", help="show the SQL statements and RPC commands, too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            preview = make_preview()
        except TablesUnreadable as error:
            raise CommandError(str(error)) from None
        self._show(preview, rows=options["rows"], sql=options["sql"])
        plan = preview.plan
        for warning in preview.warnings:
            self.stderr.write(f"warning: {warning}")
        if plan.problems:
            for problem in plan.problems:
                self.stderr.write(f"problem: {problem}")
            raise CommandError("A reload would be refused until these problems are put right.")
        for notice in plan.left_out:
            self.stderr.write(f"left out: {notice}")
        if plan.removes_all_routes:
            self.stderr.write("warning: this would leave no route for any outbound call.")
        for line in summary_lines(preview):
            self.stdout.write(line)
        if (plan.count or plan.left_out) and options["check"]:
            raise SystemExit(1)

    def _show(self, preview: Preview, *, rows: bool, sql: bool) -> None:
        plan = preview.plan
        for line in preview.lines():
            self.stdout.write(line)
        if rows and preview.changes is not None:
            for line in plan.lines():
                self.stdout.write(line)
        if sql and plan.count:
            for statement in sql_statements(plan):
                self.stdout.write(statement)
            verified = verified_nodes(preview.revision.number) if preview.revision else set()
            for node in configured_nodes():
                self.stdout.write(f"node {node.name}:")
                for call in rpc_calls(plan, node, known=node.name in verified):
                    self.stdout.write(f"  {call}")
