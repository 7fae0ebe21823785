"""The stored values when a page was made, to detect later what somebody else changed meanwhile.

A page has them in a signed hidden field: the values of the object and of each of its rows. Of a password or
another secret it has a digest of the ciphertext, which shows only whether it was changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Model

from carriers.labels import object_label
from carriers.wording.secret_fields import is_secret

SALT = "carriers.admin.simultaneous_edits.page_state"
OBJECT = ""  # the object itself, among the prefixes of its inlines


@dataclass(frozen=True)
class RowState:
    """One object as it was stored: its label, and its values by field name."""

    label: str
    values: dict[str, Any]


RowStates = dict[str, RowState]  # by primary key


@dataclass(frozen=True)
class Compared:
    """The rows of one inline, or the object itself: as the page showed them, and as they are stored now."""

    shown: RowStates
    stored: RowStates


@dataclass(frozen=True)
class PageState:
    """The object and its inline rows, by formset prefix; ``log`` is the newest entry of its history."""

    rows: dict[str, RowStates]
    log: int

    def sign(self) -> str:
        rows = {
            prefix: {pk: (row.label, row.values) for pk, row in states.items()} for prefix, states in self.rows.items()
        }
        return signing.dumps([rows, self.log], salt=SALT, compress=True)


def read_page_state(text: str) -> PageState | None:
    """Parse the hidden field of a page; None if its signature is not ours."""
    try:
        rows, log = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return PageState(
        {prefix: {pk: RowState(*row) for pk, row in states.items()} for prefix, states in rows.items()}, log
    )


def states_of(objects: Iterable[Model]) -> RowStates:
    """Return the states of stored objects by primary key."""
    return {str(each.pk): RowState(object_label(each), _values(each)) for each in objects}


def _values(instance: Model) -> dict[str, Any]:
    values = {}
    for field in instance._meta.concrete_fields:
        value = field.value_from_object(instance)
        if is_secret(type(instance), field.name):
            values[field.name] = hashlib.sha256(value.encode()).hexdigest()[:16]
        elif not field.primary_key:
            values[field.name] = value
    return values
