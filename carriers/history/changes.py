"""One change of one object, as an entry of the history holds it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from django.db import models

from carriers.history.tracking import Owner
from carriers.wording.field_words import Fields, changes_in_words

Action = Literal["added", "changed", "deleted"]


class Change(NamedTuple):
    """An object that was or will be added, changed or deleted. Secrets are left out of ``fields``."""

    model: type[models.Model]
    pk: int
    action: Action
    label: str
    owner: Owner | None
    fields: Fields

    def __str__(self) -> str:
        """Return the change in words: ``carrier group “Acme”: name Acme -> Acme Ltd``."""
        if self.action == "changed":
            return f"{self.label}: {', '.join(changes_in_words(self.model, self.fields))}"
        return f"{self.label} is {self.action}"


def with_arrows(words: list[str]) -> list[str]:
    """Replace each ``->`` by one character, within which browsers do not break the line."""
    return [text.replace(" -> ", " → ") for text in words]
