"""One change of one object: what an entry of the history holds, and how it is said."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from django.db import models

from carriers.history.tracking import HIDDEN, Owner, is_secret

Action = Literal["added", "changed", "deleted"]
Fields = dict[str, tuple[Any, Any]]  # old and new value by field; names stand for the objects that a row refers to


class Change(NamedTuple):
    """An object that was or will be added, changed or deleted. Secrets are left out of ``fields``."""

    model: type[models.Model]
    pk: int
    action: Action
    label: str
    owner: Owner | None
    fields: Fields

    def __str__(self) -> str:
        """Say it: ``carrier group “Acme”: name Acme -> Acme Ltd``."""
        if self.action == "changed":
            return f"{self.label}: {', '.join(fields_in_words(self.model, self.fields))}"
        return f"{self.label} is {self.action}"


def masked(model: type[models.Model], field: str, values: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the old and the new value as the history holds them: of a secret, only whether there was one."""
    if not is_secret(model, field):
        return values
    old, new = values
    return (HIDDEN if old else None, HIDDEN if new else None)


def fields_in_words(model: type[models.Model] | None, fields: Fields, action: Action = "changed") -> list[str]:
    """Return the fields as an operator reads them: ``strip 1 -> 0``; of a whole object the values that it has."""
    columns = (*model._meta.concrete_fields, *model._meta.many_to_many) if model else ()
    known = {column.name: str(column.verbose_name) for column in columns}
    words = []
    for name in sorted(fields, key=[*known, *fields].index):
        old, new = fields[name]
        if model is not None and is_secret(model, name):
            words.append("password changed" if action == "changed" else "a password")
        elif isinstance(new, list):
            parts = [f"{', '.join(names)} {what}" for names, what in ((new, "added"), (old, "removed")) if names]
            words.append(f"{known.get(name, name)}: {'; '.join(parts)}")
        elif action == "changed":
            words.append(f"{known.get(name, name)} {in_words(old)} -> {in_words(new)}")
        elif (value := new if action == "added" else old) not in ("", None):
            words.append(f"{known.get(name, name)} {in_words(value)}")
    return words


def with_arrows(words: list[str]) -> list[str]:
    """Put arrows of one character, because a browser breaks the line within the one of two."""
    return [text.replace(" -> ", " → ") for text in words]


def in_words(value: Any) -> str:
    """Return a value as it reads best: yes and no, and a sign for what is blank."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "(blank)" if value in ("", None) else str(value)
