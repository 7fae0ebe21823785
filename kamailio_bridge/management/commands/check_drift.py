"""manage.py check_drift: whether Kamailio runs what was applied, for cron and systemd."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kamailio_bridge.drift.compare import Drift, NodeDrift, read_drift, read_node_drift

IN_STEP, DRIFTED, CANNOT_TELL = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Compare Kamailio's tables and the memory of every node with the last revision, and name what somebody else"
        " changed. The exit status is 0 when all is as it was applied, 1 when anything drifted, 2 when it can't tell."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        drift = read_drift()
        nodes = read_node_drift(drift)
        status = _status(drift, nodes)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(drift, nodes, status), indent=2, ensure_ascii=False))
        else:
            self._show(drift, nodes, status)
        if status != IN_STEP:
            raise SystemExit(status)

    def _show(self, drift: Drift, nodes: list[NodeDrift], status: int) -> None:
        if drift.unknown:
            self.stderr.write(f"can't tell: {drift.unknown}")
        for sentence in drift.sentences():
            self.stdout.write(f"tables: {sentence}")
        for node in nodes:
            for difference in node.differences:
                self.stdout.write(f"node {node.name}: {difference}")
            if node.unknown:
                self.stderr.write(f"can't tell: node {node.name}: {node.unknown}")
        if status == IN_STEP and drift.revision is not None:
            self.stdout.write(f"All is as revision {drift.revision.number} was applied.")


def _status(drift: Drift, nodes: list[NodeDrift]) -> int:
    """Rank drift that was found above what could not be asked."""
    if drift.found or any(node.differences for node in nodes):
        return DRIFTED
    return CANNOT_TELL if drift.unknown or any(node.unknown for node in nodes) else IN_STEP


def _as_json(drift: Drift, nodes: list[NodeDrift], status: int) -> dict[str, Any]:
    return {
        "status": ("in step", "drifted", "can't tell")[status],
        "revision": drift.revision.number if drift.revision is not None else None,
        "unknown": drift.unknown,
        "number": drift.number,
        "rows": [
            {
                "table": row.table.name,
                "row": row.pk,
                "object": row.label,
                "what": row.kind,
                "columns": [column._asdict() for column in row.columns],
            }
            for row in drift.rows
        ],
        "nodes": [{"name": node.name, "differences": node.differences, "unknown": node.unknown} for node in nodes],
    }
