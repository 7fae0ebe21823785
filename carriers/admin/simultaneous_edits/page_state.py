"""What was stored when a page was made, to tell later what somebody else changed meanwhile.

A page carries this along, signed, in a hidden field: of the object and of each of its rows the stored values. Of a
password it carries a digest of the ciphertext, which says whether it is another one by now and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db.models import Model

from carriers.labels import object_label

SALT = "carriers.admin.simultaneous_edits.page_state"
SECRET_FIELD, SECRET_SHOWN_AS = "password_ciphertext", "password"
OBJECT = ""  # the object itself, among the prefixes of its inlines


@dataclass(frozen=True)
class RowState:
    """One object as it was stored: what it is called, and its values by field name."""

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
    """Return what a page carried along; None for what is not ours."""
    try:
        rows, log = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return PageState(
        {prefix: {pk: RowState(*row) for pk, row in states.items()} for prefix, states in rows.items()}, log
    )


def states_of(objects: Iterable[Model]) -> RowStates:
    """Return stored objects as they are."""
    return {str(each.pk): RowState(object_label(each), _values(each)) for each in objects}


def _values(instance: Model) -> dict[str, Any]:
    values = {}
    for field in instance._meta.concrete_fields:
        value = field.value_from_object(instance)
        if field.name == SECRET_FIELD:
            values[SECRET_SHOWN_AS] = hashlib.sha256(value.encode()).hexdigest()[:16]
        elif not field.primary_key:
            values[field.name] = value
    return values
