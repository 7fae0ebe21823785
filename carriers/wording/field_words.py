"""Puts the fields in which two objects differ into words: ``strip 0 -> 1``.

Everything that tells people of a difference asks here: the history, pages that merge, the preview, plans and drift. The
fields of the model give names, order and choices, so that a new field is worded as soon as it exists. A ``Style`` is
what one of those places phrases in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple

from django.db import models

from carriers.wording.secret_fields import HIDDEN, is_secret

Values = Mapping[str, Any]  # by field name
Fields = dict[str, tuple[Any, Any]]  # old and new value by field name; names stand for the objects that a row refers to


class Words(str):
    """A value that is in words already and gets no quotes."""

    __slots__ = ()


class FieldChange(NamedTuple):
    """One field, with its values as people read them."""

    name: str
    old: str
    new: str


class Phrase(NamedTuple):
    """How fields are phrased that are said together, or not by name and values.

    ``change`` gets the whole object before and after, ``value`` a new one.
    """

    fields: tuple[str, ...]
    change: Callable[[Any, Any], Iterable[str]]
    value: Callable[[Any], Iterable[str]] | None = None


def _with_arrow(name: str, old: str, new: str) -> str:
    return f"{name} {old} -> {new}"


def _side_by_side(name: str, value: str) -> str:
    return f"{name} {value}"


@dataclass(frozen=True)
class Style:
    """How one place of the product phrases fields. What the values are called is the same everywhere.

    ``hidden_change`` and ``hidden_value`` get the name of the secret; without them it is said like other fields, with
    masked values.
    """

    change: Callable[[str, str, str], str] = _with_arrow
    value: Callable[[str, str], str] = _side_by_side
    hidden_change: str = "{} changed"
    hidden_value: str = "a {}"
    quotes: bool = False  # around texts
    blank: str = "(blank)"
    null: str = "(blank)"
    unsaid: tuple[Any, ...] = ("", None)  # values that are not worth a word in a new object
    column_names: bool = False  # instead of verbose names
    phrases: Mapping[type[models.Model], Collection[Phrase]] = field(default_factory=dict)

    @cached_property
    def phrase_of(self) -> dict[type[models.Model] | None, dict[str, Phrase]]:
        """The phrases by model and field."""
        return {
            model: {name: phrase for phrase in phrases for name in phrase.fields}
            for model, phrases in self.phrases.items()
        }


PLAIN = Style()


def changed_fields(old: Values, new: Values) -> Fields:
    """Return the fields whose values differ, in the order of ``old``."""
    return {name: (value, new[name]) for name, value in old.items() if value != new[name]}


def field_changes(model: type[models.Model] | None, fields: Fields, style: Style = PLAIN) -> list[FieldChange]:
    """Return the fields as people read them, in the order of the model; secrets masked."""
    columns = _columns(model)
    return [_change(model, columns[name], *fields[name], style) for name in columns.in_order(fields)]


def changes_in_words(model: type[models.Model] | None, fields: Fields, style: Style = PLAIN) -> list[str]:
    """Say what changed, field by field, without phrases."""
    columns = _columns(model)
    return [_change_in_words(model, columns[name], *fields[name], style) for name in columns.in_order(fields)]


def differences_in_words(model: type[models.Model], fields: Fields, old: Any, new: Any, style: Style) -> list[str]:
    """Say what differs between two objects in the given fields, with the phrases of the style."""
    columns, phrases = _columns(model), style.phrase_of.get(model, {})
    said: list[Phrase] = []
    words: list[str] = []
    for name, (before, after) in fields.items():
        phrase = phrases.get(name)
        if phrase is None:
            words.append(_change_in_words(model, columns[name], before, after, style))
        elif phrase not in said:
            said.append(phrase)
            words += phrase.change(old, new)
    return words


def values_in_words(model: type[models.Model] | None, values: Values, style: Style = PLAIN) -> list[str]:
    """Say what a new or a deleted object has, field by field, without phrases."""
    columns, unsaid = _columns(model), style.unsaid
    names = [name for name in columns.in_order(values) if values[name] not in unsaid]
    return [_value_in_words(model, columns[name], values[name], style) for name in names]


def setting_in_words(model: type[models.Model], name: str, value: Any, whole: Any, style: Style) -> Iterable[str]:
    """Say the value of one field of a new object, with the phrase of the style."""
    phrase = style.phrase_of.get(model, {}).get(name)
    if phrase is not None and phrase.value is not None:
        return phrase.value(whole)
    return (_value_in_words(model, _columns(model)[name], value, style),)


def choice_in_words(model: type[models.Model], name: str, value: Any) -> str:
    """Return what a value of a field with choices is called."""
    return _columns(model)[name].choices.get(value) or str(value)


# --- Fields and values ------------------------------------------------------------------------------------------------


class _Column(NamedTuple):
    name: str
    label: str
    choices: Mapping[Any, str]
    in_words: Callable[[str], str] | None = None  # of long texts, such as certificates

    def name_in(self, style: Style) -> str:
        return self.name if style.column_names else self.label


class _Columns(dict[str, _Column]):
    """The columns of a model by field name, in its order."""

    def __init__(self, columns: Iterable[_Column]) -> None:
        super().__init__({column.name: column for column in columns})
        self._places = _Places((name, place) for place, name in enumerate(self))

    def __missing__(self, name: str) -> _Column:
        """Return a column that the model no longer has, or that is none of its fields."""
        return _Column(name, name, {})

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return the names in the order of the model, those that it does not have behind them."""
        return sorted(names, key=self._places.__getitem__)


class _Places(dict[str, int]):
    def __missing__(self, name: str) -> int:
        return len(self)


@cache
def _columns(model: type[models.Model] | None) -> _Columns:
    if model is None:  # an entry of the history is older than the removal of its model
        return _Columns(())
    return _Columns(
        _Column(
            column.name,
            str(column.verbose_name),
            {value: _within_sentence(str(label)) for value, label in getattr(column, "flatchoices", None) or ()},
            getattr(column, "in_words", None),
        )
        for column in (*model._meta.concrete_fields, *model._meta.many_to_many)
    )


def _within_sentence(label: str) -> str:
    """Return the label of a choice without its explanation: ``By weight: calls are shared`` is ``by weight``."""
    short = label.partition(":")[0]
    return short[:1].lower() + short[1:] if short[1:2] not in ("", short[1:2].upper()) else short


def _change_in_words(model: type[models.Model] | None, column: _Column, old: Any, new: Any, style: Style) -> str:
    if is_secret(model, column.name):
        hidden = style.hidden_change.format(_secret_name(column))
        return hidden or style.change(*_change(model, column, old, new, style))
    if isinstance(new, list):
        parts = [f"{', '.join(names)} {what}" for names, what in ((new, "added"), (old, "removed")) if names]
        return f"{column.label}: {'; '.join(parts)}"
    return style.change(column.name_in(style), _text(column, old, style), _text(column, new, style))


def _value_in_words(model: type[models.Model] | None, column: _Column, value: Any, style: Style) -> str:
    if is_secret(model, column.name):
        return style.hidden_value.format(_secret_name(column)) or style.value(column.name_in(style), HIDDEN)
    return style.value(column.name_in(style), _text(column, value, style))


def _secret_name(column: _Column) -> str:
    return column.label.removesuffix(" ciphertext")


def _change(model: type[models.Model] | None, column: _Column, old: Any, new: Any, style: Style) -> FieldChange:
    if is_secret(model, column.name):
        old, new = HIDDEN if old else old, HIDDEN if new else new
    return FieldChange(column.name_in(style), _text(column, old, style), _text(column, new, style))


def _text(column: _Column, value: Any, style: Style) -> str:
    if type(value) is int and not column.choices:  # as most values of rows, of which a plan has very many
        return str(value)
    if value is None or value == "":
        return style.null if value is None else style.blank
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Words) or column.in_words is not None:
        return column.in_words(str(value)) if column.in_words is not None else str(value)
    label = column.choices.get(value) if column.choices else None
    if label is None and isinstance(value, int):
        return str(value)
    text = str(value) if label is None else label
    return f"“{text}”" if style.quotes else text
