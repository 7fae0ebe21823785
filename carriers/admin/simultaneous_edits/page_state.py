"""What was stored when a page was made, to tell later what somebody else changed meanwhile.

A page carries this along, signed, in a hidden field: of the object and of each of its rows the stored values. Of a
password it carries a digest of the ciphertext, which says whether it is another one by now and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import Model

from carriers.labels import object_label

SALT = "carriers.admin.simultaneous_edits.page_state"
SECRET_FIELD, SECRET_SHOWN_AS = "password_ciphertext", "password"
OBJECT = ""  # the object itself, among the prefixes of its inlines


class Row(NamedTuple):
    """One object as it was stored: what it is called, and its values by field name."""

    label: str
    values: dict[str, Any]


class Shown(NamedTuple):
    """The object and its inline rows, by formset prefix and primary key; ``log`` is the newest entry of its history."""

    rows: dict[str, dict[str, Row]]
    log: int

    def sign(self) -> str:
        return signing.dumps([self.rows, self.log], salt=SALT, compress=True)


def read_shown(text: str) -> Shown | None:
    """Return what a page carried along; None for what is not ours."""
    try:
        rows, log = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    return Shown(
        {prefix: {pk: Row(*row) for pk, row in by_pk.items()} for prefix, by_pk in rows.items()},
        log,
    )


def rows_of(objects: Iterable[Model]) -> dict[str, Row]:
    """Return stored objects as rows by primary key."""
    return {str(each.pk): Row(object_label(each), _values(each)) for each in objects}


def _values(instance: Model) -> dict[str, Any]:
    values = {}
    for field in instance._meta.concrete_fields:
        value = field.value_from_object(instance)
        if field.name == SECRET_FIELD:
            values[SECRET_SHOWN_AS] = hashlib.sha256(value.encode()).hexdigest()[:16]
        elif not field.primary_key:
            values[field.name] = value
    return values
