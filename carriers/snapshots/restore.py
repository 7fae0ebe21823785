"""Restore a state of the carriers: the same rows with the same keys, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import IntegrityError, connections, models, router, transaction

from carriers.django_internals import delete_without_cascade
from carriers.history.changes import Action, Change
from carriers.history.recording import record, unrecorded
from carriers.models import PBX, CarrierGroup, SourceNetwork
from carriers.passwords import encryption
from carriers.snapshots.differences import differences
from carriers.snapshots.state import CIPHERTEXTS, MODELS, State, columns_of, key_of, rows_of, take_state
from carriers.values.normal_forms import FORMS, distinct_names

BATCH = 500


class RestoreRefused(Exception):
    """The state can't be restored; nothing was changed. ``str()`` is a sentence for the operator."""


class Restoration(NamedTuple):
    """The changes of restoring a state.

    ``password_kept`` names the carrier groups whose earlier password can no longer be read and that keep the present
    one; ``password_lost`` those that have none and need it entered again.
    """

    state: State
    changes: list[Change]
    password_kept: list[str]
    password_lost: list[str]


def restoration_of(state: State, present: State | None = None) -> Restoration:
    """Return what restoring the state would change at present, and write nothing."""
    present = take_state() if present is None else present
    target, kept, lost = _with_present_secrets(_in_normal_forms(state), present)
    return Restoration(target, differences(present, target), kept, lost)


def restore_state(state: State) -> Restoration:
    """Restore the state: objects created since are deleted, and deleted ones come back.

    All or nothing. Raises ``RestoreRefused`` if the database would be inconsistent afterwards.
    """
    using = router.db_for_write(CarrierGroup)
    connection = connections[using]
    try:
        with transaction.atomic(using=using):
            restoration = restoration_of(state)
            # Rows may swap unique names, and a parent may change while its children stay. So all rows that differ are
            # deleted and inserted again, and references are checked at the end.
            with connection.constraint_checks_disabled(), unrecorded():
                _write(restoration)
            record(restoration.changes)
            connection.check_constraints([model._meta.db_table for model in MODELS])
    except IntegrityError as error:
        raise RestoreRefused(
            "Nothing was changed, because the earlier carriers conflict with what somebody else saved at"
            f" this moment: {error}. Try again."
        ) from error
    return restoration


def _write(restoration: Restoration) -> None:
    for model in reversed(MODELS):
        for found in _batches(model, restoration.changes, "changed"):
            delete_without_cascade(found)  # children that stay must not be deleted with a parent that changes
    for model in reversed(MODELS):
        for found in _batches(model, restoration.changes, "deleted"):
            found.delete()
    for model in MODELS:
        keys = {change.pk for change in restoration.changes if change.model is model and change.action != "deleted"}
        model._default_manager.bulk_create(_objects(restoration.state, model, keys), batch_size=BATCH)


def _batches(model: type[models.Model], changes: list[Change], action: Action) -> Iterator[models.QuerySet[Any]]:
    keys = [change.pk for change in changes if change.model is model and change.action == action]
    for start in range(0, len(keys), BATCH):
        yield model._default_manager.filter(pk__in=keys[start : start + BATCH])


def _objects(state: State, model: type[models.Model], keys: set[int]) -> list[Any]:
    columns = columns_of(model)
    return [model(**dict(zip(columns, row, strict=True))) for row in rows_of(state, model, *columns) if row[0] in keys]


def _in_normal_forms(state: State) -> State:
    """Return the state with its values in normal form, in which some of them may become equal."""
    return {**state, **{key: _normal_table(key, state[key]) for key in FORMS if key in state}}


def _normal_table(key: str, table: dict[str, Any]) -> dict[str, Any]:
    columns, rows = table["columns"], table["rows"]
    for column, form in FORMS[key].items():
        place = columns.index(column)
        rows = [_with_value(row, place, form(row[place])) for row in rows]
    if key in (key_of(CarrierGroup), key_of(PBX)):
        place = columns.index("name")
        names = distinct_names((row[0], row[place]) for row in table["rows"])
        rows = [_with_value(row, place, names[row[0]]) for row in rows]
    if key == key_of(SourceNetwork):
        own = [columns.index(column) for column in ("group_id", "pbx_id", "network")]
        rows = list({tuple(row[place] for place in own): row for row in reversed(rows)}.values())[::-1]
    return {"columns": columns, "rows": rows}


def _with_value(row: Any, place: int, value: Any) -> Any:
    return row if value == row[place] else (*row[:place], value, *row[place + 1 :])


# --- Passwords --------------------------------------------------------------------------------------------------------


def _with_present_secrets(state: State, present: State) -> tuple[State, list[str], list[str]]:
    """Return the state with each secret under the current key, and the names of groups with an unreadable one.

    An equal secret keeps its present ciphertext, so that one that was only re-encrypted is no change.
    """
    kept: dict[str, None] = {}
    lost: dict[str, None] = {}
    tables = {
        key_of(model): _table_with_present_secrets(state, present, model, kept, lost)
        for model in CIPHERTEXTS
        if key_of(model) in state
    }
    return {**state, **tables}, list(kept), list(lost)


def _table_with_present_secrets(
    state: State, present: State, model: type[models.Model], kept: dict[str, None], lost: dict[str, None]
) -> dict[str, Any]:
    columns = columns_of(model)
    place = columns.index(CIPHERTEXTS[model])
    group = columns.index("id" if model is CarrierGroup else "group_id")
    names = dict(rows_of(state, CarrierGroup, "id", "name"))
    now = {row[0]: row[place] for row in rows_of(present, model, *columns)}
    rows: list[tuple[Any, ...]] = []
    for row in rows_of(state, model, *columns):
        then = _decrypted(row[place])
        current = _decrypted(now.get(row[0], ""))
        ciphertext = row[place]
        if then is None and row[place]:
            (lost if current is None else kept)[names[row[group]]] = None
        if current is not None and then in (None, current) and row[place]:
            ciphertext = now[row[0]]
        elif then is not None:
            ciphertext = encryption.rotate(row[place])
        rows.append((*row[:place], ciphertext, *row[place + 1 :]))
    return {"columns": columns, "rows": rows}


def _decrypted(ciphertext: str) -> str | None:
    try:
        return encryption.decrypt(ciphertext) if ciphertext else None
    except encryption.SecretUnreadable:
        return None
