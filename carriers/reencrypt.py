"""Re-encrypt the stored passwords, to retire old keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models, transaction

from carriers.hook_points import HookPoint
from carriers.models import AuthCredential, CarrierGroup, ExtraHeader
from carriers.passwords import encryption
from carriers.snapshots.state import CIPHERTEXTS, State, columns_of, key_of, rows_of

BATCH = 200
# Hooks of other apps that store passwords: each re-encrypts them and returns a sentence with the result.
elsewhere = HookPoint[[], str]("elsewhere")


def stored_passwords() -> list[int]:
    """Return the primary keys of the credentials that have a password."""
    return list(AuthCredential.objects.exclude(password_ciphertext="").order_by("pk").values_list("pk", flat=True))


def rotate_passwords(*, keys: list[int], advance: Callable[[int], object] = lambda _done: None) -> list[str]:
    """Re-encrypt the passwords of the credentials with these primary keys with the newest encryption key.

    Rows are locked meanwhile, so a password saved at the same time is not overwritten by the old one. Return the names
    of the carrier groups whose password can't be read; those stay as they are.
    """
    unreadable: list[int] = []
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        unreadable += [credential.pk for credential in _rotate(AuthCredential.objects.filter(pk__in=batch))]
        advance(len(batch))
    return list(CarrierGroup.objects.filter(credential__in=unreadable).values_list("name", flat=True))


def rotate_header_values() -> list[str]:
    """Re-encrypt the secret values of extra headers. Return the names of the carrier groups with an unreadable one."""
    unreadable = _rotate(ExtraHeader.objects.exclude(secret_value_ciphertext=""))
    keys = [header.group_id for header in unreadable]
    return list(CarrierGroup.objects.filter(pk__in=keys).values_list("name", flat=True))


def rotate_client_keys() -> list[str]:
    """Re-encrypt the client keys for TLS. Return the names of the carrier groups with an unreadable one."""
    return [group.name for group in _rotate(CarrierGroup.objects.exclude(client_key_ciphertext=""))]


@transaction.atomic
def _rotate(objects: models.QuerySet[Any]) -> list[Any]:
    """Re-encrypt the secret of each object; return those whose secret can't be read. Rows are locked meanwhile."""
    column = CIPHERTEXTS[objects.model]
    readable, unreadable = [], []
    for found in objects.select_for_update():
        try:
            setattr(found, column, encryption.rotate(getattr(found, column)))
            readable.append(found)
        except encryption.SecretUnreadable:
            unreadable.append(found)
    objects.model._default_manager.bulk_update(readable, [column], batch_size=BATCH)
    return unreadable


def rotated_state(state: State) -> State:
    """Return a state of the carriers with its passwords re-encrypted; unreadable ones stay as they are."""
    return {**state, **{key_of(model): _rotated_table(state, model) for model in CIPHERTEXTS if key_of(model) in state}}


def _rotated_table(state: State, model: type[models.Model]) -> dict[str, Any]:
    columns = columns_of(model)
    place = columns.index(CIPHERTEXTS[model])
    rows = [(*row[:place], _rotated(row[place]), *row[place + 1 :]) for row in rows_of(state, model, *columns)]
    return {"columns": columns, "rows": rows}


def _rotated(ciphertext: str) -> str:
    try:
        return encryption.rotate(ciphertext) if ciphertext else ciphertext
    except encryption.SecretUnreadable:
        return ciphertext
