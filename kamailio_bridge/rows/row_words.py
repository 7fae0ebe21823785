"""What differs between rows of Kamailio's tables, in words: columns by Kamailio's names, digests masked."""

from __future__ import annotations

from carriers.wording.field_words import Style, changes_in_words, values_in_words
from kamailio_bridge.rows.types import Table, Value, Values

ROWS = Style(
    change=lambda name, old, new: f"{name}={old} -> {new}",
    value=lambda name, value: f"{name}={value}",
    hidden_change="",
    hidden_value="",
    blank="“”",
    null="NULL",
    unsaid=("", 0, None),
    column_names=True,
)


def row_in_words(table: Table, values: Values) -> list[str]:
    """Say what is in a row, apart from its key."""
    return values_in_words(table.model, dict(zip(table.columns[1:], values[1:], strict=True)), ROWS)


def row_changes_in_words(table: Table, before: Values, after: Values) -> list[str]:
    """Say which columns of a row changed, and how."""
    return changes_in_words(table.model, differing_columns(table, before, after), ROWS)


def differing_columns(table: Table, before: Values, after: Values) -> dict[str, tuple[Value, Value]]:
    """Return the columns that differ, each with its old and new value."""
    columns = zip(table.columns, before, after, strict=True)
    return {column: (old, new) for column, old, new in columns if old != new}
