"""Roll back: make the carriers what they were at a revision. Kamailio does not change until that is applied."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from carriers.databases.deadlocks import retry_after_deadlock
from carriers.snapshots.restore import Restoration, restoration_of, restore_state
from carriers.snapshots.state import State
from kamailio_bridge.revisions.models import Revision, RollBack


class NotKept(Exception):
    """The revision keeps no snapshot to roll back to. ``str()`` is a sentence for the operator."""


def preview_roll_back(revision: Revision) -> Restoration:
    """Return the changes of a roll back to the revision, and write nothing. Raises ``NotKept``."""
    return restoration_of(_state(revision))


def roll_back(*, revision: Revision, author: User | None) -> Restoration:
    """Make the carriers what they were at the revision. Raises ``NotKept`` and ``RestoreRefused``."""
    state = _state(revision)

    @transaction.atomic
    def restore() -> Restoration:
        restoration = restore_state(state)
        if restoration.changes:
            RollBack.objects.create(revision=revision, author=author)
        return restoration

    return retry_after_deadlock(restore)


def password_sentences(restoration: Restoration) -> list[str]:
    """Return sentences on the carrier groups whose earlier password could not be restored."""
    sentences = []
    if restoration.password_lost:
        groups = _quoted(restoration.password_lost)
        sentences.append(
            f"The password of {groups} can't be decrypted any more, because its key is lost: enter it again."
        )
    if restoration.password_kept:
        groups = _quoted(restoration.password_kept)
        sentences.append(
            f"The password of {groups} as it was then can't be decrypted any more, because its key is lost:"
            " the present one stays."
        )
    return sentences


def pending_roll_back() -> Revision | None:
    """Return the revision that the carriers were rolled back to since the last apply; None if they were not."""
    pending = RollBack.objects.pending().select_related("revision").first()
    return pending.revision if pending is not None else None


def mark_applied(revision: Revision) -> None:
    """Record with which revision the pending roll backs were applied."""
    RollBack.objects.pending().update(applied_with=revision)


def _state(revision: Revision) -> State:
    state = revision.state()
    if state is None:
        raise NotKept(
            f"The carriers of revision {revision.number} are not kept any more, so there is no going back to it."
            if revision.outcome != Revision.Outcome.FAILED
            else f"Revision {revision.number} was never written into Kamailio's tables: go back to another one."
        )
    return state


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
