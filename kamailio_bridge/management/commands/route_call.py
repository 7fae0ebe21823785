"""manage.py route_call: where a dialled number would go, and where a node sends it now."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.snapshot import read_carriers
from kamailio_bridge.nodes import Node, configured_nodes
from kamailio_bridge.prediction import NUMBER, predict
from kamailio_bridge.rpc import RpcError


class Command(BaseCommand):
    help = (
        "Show which endpoints a dialled number would be sent to, in order, with the exact R-URIs, once the carriers"
        " are applied. With --live, ask every node what it would do now. The exit status is 1 when no endpoint would"
        " get the call."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="NUMBER", help="the number as the PBX dials it")
        parser.add_argument("--live", action="store_true", help="ask every node what it would do now")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["number"]
        if not NUMBER.fullmatch(number):
            raise CommandError(f"“{number}” is no number: use 1 to 64 digits or characters * # +.")
        if options["live"]:
            answers = [self._live(node, number) for node in configured_nodes()]
        else:
            answers = [self._pending(number)]
        if not all(answers):
            raise SystemExit(1)

    def _pending(self, number: str) -> bool:
        prediction = predict(read_carriers(), number)
        if prediction.prefix is None:
            self.stdout.write(f"No outbound route matches {number}: the call is answered 404.")
            return False
        route = f"route {prediction.prefix}" if prediction.prefix else "the default route"
        self.stdout.write(f"{number} takes {route}:")
        for position, attempt in enumerate(prediction.attempts, start=1):
            weight = "" if attempt.weight is None else f", weight {attempt.weight}"
            self.stdout.write(f"{position}. {attempt.r_uri}  ({attempt.group}: {attempt.endpoint}{weight})")
        for reason in prediction.passed_over:
            self.stdout.write(f"passed over: {reason}")
        if not prediction.attempts:
            self.stdout.write("No endpoint can take the number: the call is answered 503.")
        return bool(prediction.attempts)

    def _live(self, node: Node, number: str) -> bool:
        try:
            status, text = node.rpc.get(f"/ROUTE/{quote(number, safe='')}")
        except RpcError as error:
            raise CommandError(f"node {node.name}: {error}") from None
        if status == 200:
            self.stdout.write(f"node {node.name} sends {number} to:")
            for position, line in enumerate(text.splitlines(), start=1):
                r_uri, _, attrs = line.partition("|")
                self.stdout.write(f"{position}. {r_uri}  ({attrs})")
            return True
        if status in (404, 503):
            self.stdout.write(f"node {node.name} would answer {status}: {text.strip()}")
            return False
        raise CommandError(f"node {node.name} answered HTTP {status} to the route question: {text.strip()[:200]}")
