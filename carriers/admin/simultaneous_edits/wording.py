"""What others did to a row, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import ForeignKey, Model

from carriers.admin.simultaneous_edits.page_state import SECRET_SHOWN_AS, RowState

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

    def _differences(self, before: RowState, after: RowState) -> Iterator[str]:
        for name, old in before.values.items():
            new = after.values.get(name)
            if old == new:
                continue
            if name == SECRET_SHOWN_AS:
                yield "the password"
            else:
                label = getattr(self.model._meta.get_field(name), "verbose_name", name)
                yield f"{label} from {self._value(name, old)} to {self._value(name, new)}"

    def _value(self, name: str, value: Any) -> str:
        field = self.model._meta.get_field(name)
        if isinstance(field, ForeignKey):
            related = field.related_model._default_manager.filter(pk=value).first()
            return f"“{related}”" if related is not None else "one that is deleted"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if value in ("", None):
            return "(blank)"
        return str(value) if isinstance(value, int) else f"“{value}”"
