"""manage.py create_roles: create the groups of permissions for staff."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dsiprouter.staff.roles import PermissionsMissing, create_roles


class Command(BaseCommand):
    help = (
        "Make the groups Carrier viewers, Carrier editors, Kamailio operators and User managers, or set their"
        " permissions right."
        " Safe to repeat."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = create_roles()
        except PermissionsMissing as error:
            raise CommandError(str(error)) from None
        for name, what in done.items():
            self.stdout.write(f"{name}: {what}")
