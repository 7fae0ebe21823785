"""manage.py reload_kamailio: what the Reload Kamailio button does, for scripts and terminals."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.preview.summary import Preview, make_preview, summary_lines
from kamailio_bridge.tables.reading import TablesUnreadable

SHOWN_LINES = 40


class Command(BaseCommand):
    help = (
        "Write what the carriers say into Kamailio's tables, reload every node and verify it."
        " Asks before it changes anything, unless --yes is given."
        " The exit status is 0 only when every node runs the new revision and nothing was left out of it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--node",
            metavar="NAME",
            help="reload only this node, such as one that is behind; the others stay as they are",
        )
        parser.add_argument(
            "--allow-empty", action="store_true", help="go on even if no route for outbound calls would be left"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        nodes = self._nodes(options["node"])
        seen = None if options["yes"] else self._ask()
        result = apply(author=None, allow_empty=options["allow_empty"], seen=seen, nodes=nodes, progress=self._progress)
        self._show(result)
        if not result.ok:
            raise CommandError(result.sentence)
        self.stdout.write(result.sentence)

    def _nodes(self, name: str | None) -> list[Node] | None:
        if name is None:
            return None
        nodes = configured_nodes()
        chosen = [node for node in nodes if node.name == name]
        if not chosen:
            known = ", ".join(node.name for node in nodes)
            raise CommandError(f"There is no node “{name}”. Known nodes: {known}.")
        return chosen

    def _ask(self) -> str:
        """Show what would change and ask; return the digest of the plan shown, so that nothing else is applied."""
        try:
            preview = make_preview()
        except TablesUnreadable as error:
            raise CommandError(str(error)) from None
        self._show_preview(preview)
        try:
            answer = input("Reload Kamailio? [y/N] ")
        except EOFError:
            raise CommandError("Nobody is there to answer. Use --yes in scripts.") from None
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Stopped; nothing was changed.")
        return preview.plan.digest()

    def _show_preview(self, preview: Preview) -> None:
        lines = preview.lines()
        for line in lines[:SHOWN_LINES]:
            self.stdout.write(line)
        if len(lines) > SHOWN_LINES:
            self.stdout.write(f"... and {len(lines) - SHOWN_LINES} more: manage.py plan_kamailio shows all.")
        for notice in preview.plan.left_out:
            self.stderr.write(f"left out: {notice}")
        for loss in preview.losses:
            self.stderr.write(f"warning: {loss}")
        for line in summary_lines(preview):
            self.stdout.write(line)

    def _progress(self, step: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"{step} ...")

    def _show(self, result: ApplyResult) -> None:
        if result.plan is not None:
            for problem in result.plan.problems:
                self.stderr.write(f"problem: {problem}")
            for notice in result.plan.left_out:
                self.stderr.write(f"left out: {notice}")
            for warning in result.plan.warnings:
                self.stderr.write(f"warning: {warning}")
        for node in result.nodes:
            self.stdout.write(f"node {node.name}: {node.sentence}")
            for answer in node.answers:
                state = "ok" if answer.ok else "FAILED"
                self.stdout.write(f"  {answer.module}: {state}: {answer.text} ({answer.seconds:.3f} s)")
