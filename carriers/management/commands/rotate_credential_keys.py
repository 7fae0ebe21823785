"""manage.py rotate_credential_keys: encrypt all carriers' passwords with the newest key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.management.progress import progress_bar
from carriers.passwords import encryption
from carriers.passwords.secret_files import HomeUnusable
from carriers.reencrypt import elsewhere, rotate_client_keys, rotate_header_values, rotate_passwords, stored_passwords


class Command(BaseCommand):
    help = (
        "Encrypt every stored password of carriers with the newest key. Kamailio notices nothing of it."
        " The exit status is 1 when a password can't be decrypted, because its key is lost: the carrier groups are"
        " named, and all others are done."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key",
            action="store_true",
            help="make a new key first; where the keys come from the environment, only print it and what to do",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"] and not encryption.keys_are_in_file():
            self._print_key()
            return
        if options["new_key"]:
            self._add_key()
        keys = stored_passwords()
        try:
            with progress_bar(total=len(keys), unit="passwords") as bar:
                lost = rotate_passwords(keys=keys, advance=bar.update)
            lost_headers = rotate_header_values()
            lost_client_keys = rotate_client_keys()
            others = elsewhere.call()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Passwords encrypted with the newest key: {len(keys) - len(lost)} of {len(keys)}.")
        for sentence in others:
            self.stdout.write(sentence)
        if lost:
            names = ", ".join(f"“{name}”" for name in lost)
            raise CommandError(
                "Some passwords can't be decrypted, because the key that encrypted them is lost. Put that key back"
                f" behind the others and run this again, or enter the password again for {names}."
            )
        if lost_headers:
            names = ", ".join(f"“{name}”" for name in lost_headers)
            raise CommandError(
                "Secret values of extra headers can't be decrypted, because the key that encrypted them is lost. Put it"
                f" back behind the others and run this again, or enter them again for {names}."
            )
        if lost_client_keys:
            names = ", ".join(f"“{name}”" for name in lost_client_keys)
            raise CommandError(
                "Client keys for TLS can't be decrypted, because the key that encrypted them is lost. Put it back"
                f" behind the others and run this again, or enter them again for {names}."
            )

    def _print_key(self) -> None:
        self.stdout.write(f"A new key: {encryption.new_key()}")
        self.stdout.write(
            "The keys come from DSIPROUTER_CREDENTIAL_KEYS, so nothing was changed. Put the new key and a comma before"
            " the keys there, restart whatever runs with them, and run manage.py rotate_credential_keys."
        )

    def _add_key(self) -> None:
        path = settings.DSIPROUTER_CREDENTIAL_KEY_FILE
        try:
            encryption.add_key_to_file()
        except OSError as error:
            raise CommandError(
                f"The new key can't be written to {path}: {error.strerror}. Nothing was changed."
            ) from None
        except HomeUnusable as error:
            raise CommandError(f"The home folder {error}. Nothing was changed.") from None
        self.stdout.write(
            f"A new key stands first in {path}; the old ones stay there to read backups. Back the file up now."
        )
