"""Keep up to date what changes by itself, such as the addresses of carriers' host names."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections

from carriers.databases.errors import sentence_of
from kamailio_bridge.collector.collect import Collector

PAUSE = 2.0  # seconds between two rounds; a round without anything due reads one revision


class Command(BaseCommand):
    help = (
        "Ask DNS at least once a minute where the host names of the carriers lead, and let the nodes admit calls from"
        " there. Runs until it is stopped; failures are said and tried again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="make one round, and fail when a node can't be told")

    def handle(self, *args: Any, **options: Any) -> None:
        collector = Collector(self._say)
        if options["once"]:
            if not collector.round():
                raise CommandError("Not all nodes have the addresses.")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        complaint = ""
        while not stop.wait(PAUSE):
            try:
                close_old_connections()
                collector.round()
                complaint = ""
            except DatabaseError as error:
                sentence = sentence_of(error)
                if sentence != complaint:
                    self._say(sentence)
                complaint = sentence

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
