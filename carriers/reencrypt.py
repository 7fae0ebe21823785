"""Re-encrypt the stored passwords, so that keys that somebody has seen can be retired."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from carriers.hook_points import HookPoint
from carriers.models import AuthCredential, CarrierGroup
from carriers.passwords import encryption as secrets
from carriers.snapshots.state import State, columns_of, key_of, rows_of

BATCH = 200
# Where other apps that keep passwords re-encrypt theirs: a hook returns a sentence that says what it did.
elsewhere = HookPoint[[], str]("elsewhere")


def stored_passwords() -> list[int]:
    """Return the primary keys of the credentials that have a password."""
    return list(AuthCredential.objects.exclude(password_ciphertext="").order_by("pk").values_list("pk", flat=True))


def rotate_passwords(*, keys: list[int], advance: Callable[[int], object] = lambda _done: None) -> list[str]:
    """Encrypt the passwords of these credentials with the newest key.

    Rows are locked while they are dealt with, so that a password that somebody saves at this moment is not overwritten
    by its predecessor. Return the names of the carrier groups whose password can't be read any more; theirs stay as
    they are.
    """
    unreadable: list[int] = []
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        unreadable += _rotate(batch)
        advance(len(batch))
    return list(CarrierGroup.objects.filter(credential__in=unreadable).values_list("name", flat=True))


@transaction.atomic
def _rotate(keys: list[int]) -> list[int]:
    readable, unreadable = [], []
    for credential in AuthCredential.objects.select_for_update().filter(pk__in=keys):
        try:
            credential.password_ciphertext = secrets.rotate(credential.password_ciphertext)
            readable.append(credential)
        except secrets.SecretUnreadable:
            unreadable.append(credential.pk)
    AuthCredential.objects.bulk_update(readable, ["password_ciphertext"])
    return unreadable


def rotated_state(state: State) -> State:
    """Return a state of the carriers with its passwords under the newest key; what can't be read stays as it is."""
    columns = columns_of(AuthCredential)
    place = columns.index("password_ciphertext")
    rows = [(*row[:place], _rotated(row[place]), *row[place + 1 :]) for row in rows_of(state, AuthCredential, *columns)]
    return {**state, key_of(AuthCredential): {"columns": columns, "rows": rows}}


def _rotated(ciphertext: str) -> str:
    try:
        return secrets.rotate(ciphertext) if ciphertext else ciphertext
    except secrets.SecretUnreadable:
        return ciphertext
