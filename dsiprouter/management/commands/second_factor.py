"""manage.py second_factor: give a user a second factor or new recovery codes, or remove it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dsiprouter.logins.second_factor import enrol, new_recovery_codes, remove, secret_for_apps


class Command(BaseCommand):
    help = (
        "Give a user a new second factor for the login, and recovery codes. They are shown only now."
        " DSIPROUTER_SECOND_FACTOR=true makes the site ask for it, from every user."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--recovery-codes", action="store_true", help="only make new recovery codes")
        what.add_argument("--remove", action="store_true", help="take it away, such as when phone and codes are lost")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = User.objects.get(username=User.normalize_username(options["username"]))
        except User.DoesNotExist:
            raise CommandError(f"There is no user “{options['username']}”.") from None
        if options["remove"]:
            done = "has no second factor any more." if remove(user) else "had no second factor."
            self.stdout.write(f"{user.username} {done}")
            return
        if not options["recovery_codes"]:
            self._enrol(user)
        self.stdout.write("Recovery codes, each good for one login. Print them, and keep them apart from the phone:")
        for code in new_recovery_codes(user):
            self.stdout.write(f"  {code}")
        if not settings.DSIPROUTER_SECOND_FACTOR:
            self.stdout.write("DSIPROUTER_SECOND_FACTOR is off, so the site does not ask for it yet.")

    def _enrol(self, user: User) -> None:
        device = enrol(user)
        self.stdout.write(f"Scan this with an authenticator app on {user.username}'s phone, or type in the secret:")
        picture = StringIO()
        segno.make(device.config_url, error="l").terminal(out=picture, compact=True)
        self.stdout.write(picture.getvalue())
        self.stdout.write(f"  Secret: {secret_for_apps(device)} (by time, 6 digits, 30 seconds)")
