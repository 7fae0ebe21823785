"""manage.py roll_back: make the carriers what they were at a revision, as a pending change."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.snapshots.restore import RestoreRefused
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import NotKept, password_sentences, preview_roll_back, roll_back

SHOWN_CHANGES = 40


class Command(BaseCommand):
    help = (
        "Make the carriers what they were at a revision: what was added since is deleted, what was deleted comes back."
        " Kamailio changes with the next reload only. Asks before it changes anything, unless --yes is given."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("revision", type=int, metavar="REVISION", help="the number of the revision")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        revision = Revision.objects.filter(pk=options["revision"]).first()
        if revision is None:
            raise CommandError(f"There is no revision {options['revision']}.")
        try:
            if not options["yes"]:
                self._ask(revision)
            restoration = roll_back(revision=revision, author=None)
        except (NotKept, RestoreRefused) as refusal:
            raise CommandError(str(refusal)) from None
        for sentence in password_sentences(restoration):
            self.stderr.write(f"warning: {sentence}")
        count = len(restoration.changes)
        self.stdout.write(
            f"{count} change{'' if count == 1 else 's'} made: the carriers are as they were at revision"
            f" {revision.number}. See manage.py plan_kamailio, then reload_kamailio."
            if count
            else f"Nothing to do: the carriers are as they were at revision {revision.number}."
        )

    def _ask(self, revision: Revision) -> None:
        """Show what would change and ask; there is nothing to ask when nothing differs."""
        changes = preview_roll_back(revision).changes
        for change in changes[:SHOWN_CHANGES]:
            self.stdout.write(str(change))
        if len(changes) > SHOWN_CHANGES:
            self.stdout.write(f"... and {len(changes) - SHOWN_CHANGES} more.")
        if not changes:
            return
        try:
            answer = input(f"Make the carriers what they were at revision {revision.number}? [y/N] ")
        except EOFError:
            raise CommandError("Nobody is there to answer. Use --yes in scripts.") from None
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Stopped; nothing was changed.")
