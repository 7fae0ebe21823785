"""manage.py who_is: whose a source address is, by the carriers, by the tables, and by each node now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.values.addresses import parse_ip
from kamailio_bridge.questions.who_is import who_is


class Command(BaseCommand):
    help = (
        "Show whether a request from a source address is admitted as a PBX's, as a carrier's, or refused with 403, and"
        " which other networks hold the address. With --live, every node is asked what it holds now. The exit status is"
        " 1 when the carriers refuse the address, or, with --live, when a node gives no answer or another one."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="an IPv4 or IPv6 address")
        parser.add_argument("--live", action="store_true", help="ask every node what it holds now")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            parse_ip(options["address"])
        except ValueError:
            raise CommandError(f"“{options['address']}” is not an IPv4 or IPv6 address.") from None
        who = who_is(options["address"], live=options["live"])
        for answer in who.answers:
            self.stdout.write(f"{answer.title}: {answer.sentence}")
            for other in answer.others:
                self.stdout.write(f"  holds it too, and does not count: {other.words}")
        for note in who.notes:
            self.stdout.write(f"note: {note}")
        if who.differs:
            self.stdout.write("The answers differ.")
        if who.answers[0].source is None or (options["live"] and (who.differs or not who.is_complete)):
            raise SystemExit(1)
