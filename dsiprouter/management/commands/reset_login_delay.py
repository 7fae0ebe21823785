"""manage.py reset_login_delay: let a user log in at once although somebody is guessing the password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser

from dsiprouter.logins.name_delays import reset


class Command(BaseCommand):
    help = (
        "Forget the failed logins with a name, which slow down further logins. The addresses that they came from stay"
        " locked: axes_reset_ip unlocks one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        name = User.normalize_username(options["username"])
        failures = reset(name)
        self.stdout.write(f"{name}: {failures} failed logins forgotten." if failures else f"{name}: no failed logins.")
