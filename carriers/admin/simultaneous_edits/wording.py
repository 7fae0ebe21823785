"""Sentences on the changes of others to rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import ForeignKey, Model

from carriers.admin.simultaneous_edits.page_state import RowState
from carriers.wording.field_words import Style, Words, changed_fields, changes_in_words

STYLE = Style(change=lambda name, old, new: f"{name} from {old} to {new}", hidden_change="the {}", quotes=True)

Who = Callable[[type[Model], str], str]  # names those who changed a row, by its model and primary key


@dataclass(frozen=True)
class Wording:
    """The sentences about the rows of one model."""

    model: type[Model]
    who: Who

    def added(self, pk: str, row: RowState) -> str:
        return f"{self.who(self.model, pk)} added {row.label}."

    def changed(self, pk: str, before: RowState, after: RowState) -> str:
        """Say what changed: ``… changed endpoint “a”: strip from 0 to 1, prefix from (blank) to “+1”.``"""
        return f"{self.who(self.model, pk)} changed {before.label}: {', '.join(self._differences(before, after))}."

    def deleted(self, pk: str, row: RowState | None) -> str:
        return f"{self.who(self.model, pk)} deleted {row.label if row is not None else 'a row of this page'}."

    def _differences(self, before: RowState, after: RowState) -> list[str]:
        fields = changed_fields(before.values, after.values)
        named = {name: (self._named(name, old), self._named(name, new)) for name, (old, new) in fields.items()}
        return changes_in_words(self.model, named, STYLE)

    def _named(self, name: str, value: Any) -> Any:
        """Return the object that a field refers to, which others may have deleted, and every other value as it is."""
        field = self.model._meta.get_field(name)
        if value is None or not isinstance(field, ForeignKey):
            return value
        return field.related_model._default_manager.filter(pk=value).first() or Words("one that is deleted")
