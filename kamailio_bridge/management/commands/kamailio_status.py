"""manage.py kamailio_status: whether the nodes run what is in Kamailio's tables."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kamailio_bridge.monitoring.status import Status, read_status


class Command(BaseCommand):
    help = (
        "Show what every Kamailio node says of itself, whether it runs the revision in the tables, and which carriers"
        " accept our registration."
        " The exit status is 1 when a node is down or behind, the tables can't be read, or somebody else changed them."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        status = read_status()
        if options["json"]:
            self.stdout.write(json.dumps({"ok": status.ok, **asdict(status)}, indent=2, ensure_ascii=False))
        else:
            self._show(status)
        if not status.ok:
            raise SystemExit(1)

    def _show(self, status: Status) -> None:
        nothing = "none yet" if status.waiting is not None else "unknown"  # they can't be read
        revision = nothing if status.revision is None else str(status.revision)
        self.stdout.write(f"revision in Kamailio's tables: {revision}")
        if status.waiting is not None:
            self.stdout.write(f"pending changes: {status.waiting}")
        for problem in status.problems:
            self.stdout.write(f"problem: {problem}")
        for warning in status.warnings:
            self.stdout.write(f"warning: {warning}")
        for sentence in status.drift:
            self.stdout.write(f"drift: {sentence}")
        for node in status.nodes:
            self.stdout.write(f"node {node.name} ({node.url}): {node.sentence}")
            if node.reachable:
                self.stdout.write(f"  {node.version}, up {node.uptime} s, modules {', '.join(node.modules) or 'none'}")
                self.stdout.write(f"  registrations: {node.registered} of {node.to_register}")
                if node.strangers is not None:
                    self.stdout.write(f"  strangers: {node.strangers.sentence}")
        for certificate in status.certificates:
            soon = ", soon" if certificate.is_due else ""
            self.stdout.write(f"certificate: {certificate.name} expires at {certificate.expires}{soon}")
        for registration in status.registrations:
            self.stdout.write(f"registration of {registration.group}: {registration.words}. {registration.sentence}")
