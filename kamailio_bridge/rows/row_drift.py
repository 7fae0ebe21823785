"""A row that another program changed, beside the row that was applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from carriers.wording.field_words import field_changes
from kamailio_bridge.rows.row_words import ROWS, differing_columns
from kamailio_bridge.rows.types import Table, Values

Kind = Literal["changed", "added", "deleted"]


class ColumnDrift(NamedTuple):
    """One column as applied and as found, with secrets hidden."""

    column: str
    expected: str
    found: str


@dataclass(frozen=True)
class RowDrift:
    """One row that another program changed, added or deleted. ``label`` names its object."""

    table: Table
    pk: int
    kind: Kind
    label: str
    expected: Values | None
    found: Values | None

    @property
    def columns(self) -> list[ColumnDrift]:
        """The columns that differ; of an added or deleted row those with a value."""
        nothing = (None,) * len(self.table.columns)
        fields = differing_columns(self.table, self.expected or nothing, self.found or nothing)
        if self.kind != "changed":
            fields = {column: pair for column, pair in fields.items() if (pair[0] or pair[1]) not in ROWS.unsaid}
        fields.pop(self.table.columns[0], None)
        return [ColumnDrift(*change) for change in field_changes(self.table.model, fields, ROWS)]

    def __str__(self) -> str:
        row = f"{self.label}: row {self.pk} of the table {self.table.name}"
        if self.kind == "deleted":
            return f"{row} was deleted"
        if self.kind == "added":
            return f"{row} was added: " + ", ".join(f"{column} {found}" for column, _, found in self.columns)
        return f"{row} was changed: " + ", ".join(
            f"{column} is {found} instead of {expected}" for column, expected, found in self.columns
        )
