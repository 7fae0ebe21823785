"""Put what was typed into a page on top of what others stored since the page was made.

Three states meet: what was shown, what is stored now, and what was typed. A row that nobody touched but the others is
taken as it is stored; one that only this page changed is stored as typed; rows that others added or deleted stay so.
Only a row that both sides changed is a conflict, which a person must decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import ForeignKey, Model
from django.forms import ModelForm
from django.forms.models import BaseInlineFormSet
from django.http import QueryDict

from carriers.admin.simultaneous_edits.page_state import SECRET_SHOWN_AS, Row

Rows = dict[str, Row]
Who = Callable[[type[Model], str], str]  # names those who changed a row, by its model and primary key


@dataclass
class Merged:
    """The fields to go on with, what others did that goes together with them (``kept``), and what does not."""

    data: QueryDict
    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def merge_object(merged: Merged, form: ModelForm, shown: Row, stored: Row, who: str) -> None:
    """Merge the fields of the object itself into ``merged``."""
    if shown.values == stored.values:
        return
    what = f"{who} changed {shown.label}: {differences(form._meta.model, shown, stored)}."
    if _typed_over(form, shown, merged.data) and _typed_over(form, stored, merged.data):
        merged.conflicts.append(what)
        return
    merged.kept.append(what)
    for name in form.fields:
        merged.data.pop(form.add_prefix(name), None)
    merged.data.update(_as_posted(form, stored))


def merge_rows(merged: Merged, formset: type[BaseInlineFormSet], shown: Rows, stored: Rows, who: Who) -> None:
    """Merge the rows of one inline into ``merged``, and renumber them."""
    prefix = formset.get_default_prefix()
    initial = merged.data.get(f"{prefix}-INITIAL_FORMS", "")
    if shown == stored or not (initial.isascii() and initial.isdigit()):
        return  # nobody did anything, or it is no page of ours: then the formset says what is wrong with it
    merger = _RowMerger(merged, formset, shown, stored, who)
    indexes = sorted(merger.posted)
    for index in indexes:
        if index < int(initial):
            merger.take_stored(index)
    merger.take_added()
    for index in indexes:
        if index >= int(initial):
            merger.take_new(index)
    merger.write()


class _RowMerger:
    """Collects the rows of one inline: those that are stored, and new ones behind them."""

    def __init__(self, merged: Merged, formset: type[BaseInlineFormSet], shown: Rows, stored: Rows, who: Who) -> None:
        self.merged, self.formset, self.shown, self.stored, self.who = merged, formset, shown, stored, who
        self.prefix = formset.get_default_prefix()
        self.model = cast(type[Model], formset.model)
        self.blank = formset.form()
        self.old: list[dict[str, list[Any]]] = []
        self.new: list[dict[str, list[Any]]] = []
        self.seen: set[str] = set()
        self.posted = self._posted()

    def take_stored(self, index: int) -> None:
        """Take a row that the page showed."""
        fields = self.posted[index]
        pk = "".join(fields.get("id", [""]))
        self.seen.add(pk)
        shown, stored = self.shown.get(pk), self.stored.get(pk)
        is_deleted = "DELETE" in fields
        is_typed = is_deleted or (shown is not None and bool(self._typed_over(index, shown)))
        if stored is None:
            self._take_vanished(fields, pk, shown, is_typed=is_typed and not is_deleted)
            return
        if shown is not None and shown.values != stored.values:
            what = f"{self.who(self.model, pk)} changed {shown.label}: {differences(self.model, shown, stored)}."
            if is_typed and (is_deleted or self._typed_over(index, stored)):
                self.merged.conflicts.append(what)
            else:
                self.merged.kept.append(what)
                fields = self._stored_fields(pk, stored)
        self.old.append(fields)

    def _take_vanished(self, fields: dict[str, list[Any]], pk: str, shown: Row | None, *, is_typed: bool) -> None:
        what = f"{self.who(self.model, pk)} deleted {shown.label if shown else 'a row of this page'}."
        if is_typed:
            self.merged.conflicts.append(f"{what} What you typed is a new row below.")
            self.new.append({**fields, "id": [""]})
        else:
            self.merged.kept.append(what)

    def take_added(self) -> None:
        """Take the rows that others added since."""
        for pk, row in self.stored.items():
            if pk not in self.shown and pk not in self.seen:
                self.merged.kept.append(f"{self.who(self.model, pk)} added {row.label}.")
                self.old.append(self._stored_fields(pk, row))

    def take_new(self, index: int) -> None:
        """Take a row that was typed as a new one. Where one is all there may be, it meets the one that others added."""
        fields = self.posted[index]
        added = [pk for pk in self.stored if pk not in self.shown]
        if self.formset.max_num == 1 and added and self.old:
            if self.formset.form(self.merged.data, prefix=f"{self.prefix}-{index}").has_changed():
                self.merged.conflicts.append(self.merged.kept.pop())
                self.old = [{**fields, "id": [added[0]]}]
        else:
            self.new.append(fields)

    def write(self) -> None:
        """Put all rows back into the posted fields, renumbered."""
        data = self.merged.data
        for number, fields in self.posted.items():
            for name in fields:
                data.pop(f"{self.prefix}-{number}-{name}", None)
        for number, fields in enumerate([*self.old, *self.new]):
            for name, values in fields.items():
                data.setlist(f"{self.prefix}-{number}-{name}", values)
        data[f"{self.prefix}-TOTAL_FORMS"] = str(len(self.old) + len(self.new))
        data[f"{self.prefix}-INITIAL_FORMS"] = str(len(self.old))

    def _posted(self) -> dict[int, dict[str, list[Any]]]:
        """Return the fields of each row by its number, and by the field's own name."""
        rows: dict[int, dict[str, list[Any]]] = defaultdict(dict)
        for name, values in self.merged.data.lists():
            prefix, _, rest = name.partition("-")
            number, _, field_name = rest.partition("-")
            if prefix == self.prefix and number.isascii() and number.isdigit() and field_name:
                rows[int(number)][field_name] = values
        return rows

    def _stored_fields(self, pk: str, row: Row) -> dict[str, list[Any]]:
        fields = _as_posted(self.blank, row)
        fk = self.formset.fk.name  # type: ignore[attr-defined]
        return {"id": [pk], fk: [row.values[fk]], **{name: [value] for name, value in fields.items()}}

    def _typed_over(self, index: int, row: Row) -> set[str]:
        return _typed_over(self.formset.form(prefix=f"{self.prefix}-{index}"), row, self.merged.data)


def _typed_over(form: ModelForm, row: Row, data: QueryDict) -> set[str]:
    """Return the fields whose posted values differ from a row's."""
    return {
        name
        for name, each in form.fields.items()
        if each.has_changed(
            None if name == SECRET_SHOWN_AS else row.values.get(name),
            each.widget.value_from_datadict(data, {}, form.add_prefix(name)),
        )
    }


def _as_posted(form: ModelForm, row: Row) -> dict[str, str]:
    """Return a row's values as a browser posts them: an unticked box not at all, and never a password."""
    return {
        form.add_prefix(name): "on" if value is True else str(value)
        for name, value in ((name, row.values.get(name)) for name in form.fields if name != SECRET_SHOWN_AS)
        if value is not None and value is not False
    }


def differences(model: type[Model], before: Row, after: Row) -> str:
    """Say what changed: ``strip from 0 to 1, prefix from (blank) to “+1”``."""
    return ", ".join(_differences(model, before, after))


def _differences(model: type[Model], before: Row, after: Row) -> Iterator[str]:
    for name, old in before.values.items():
        new = after.values.get(name)
        if old == new:
            continue
        if name == SECRET_SHOWN_AS:
            yield "the password"
        else:
            label = getattr(model._meta.get_field(name), "verbose_name", name)
            yield f"{label} from {_in_words(model, name, old)} to {_in_words(model, name, new)}"


def _in_words(model: type[Model], name: str, value: Any) -> str:
    model_field = model._meta.get_field(name)
    if isinstance(model_field, ForeignKey):
        related = model_field.related_model._default_manager.filter(pk=value).first()
        return f"“{related}”" if related is not None else "one that is deleted"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in ("", None):
        return "(blank)"
    return str(value) if isinstance(value, int) else f"“{value}”"
