"""A row that another program changed, beside the row that was applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kamailio_bridge.rows.types import Table, Values

Kind = Literal["changed", "added", "deleted"]


class ColumnDrift(NamedTuple):
    """One column as the revision has it and as it was found; both as people may see them."""

    column: str
    expected: str
    found: str


@dataclass(frozen=True)
class RowDrift:
    """One row that somebody else changed, added or deleted. ``label`` names the object behind it."""

    table: Table
    pk: int
    kind: Kind
    label: str
    expected: Values | None
    found: Values | None

    @property
    def columns(self) -> list[ColumnDrift]:
        """The columns that differ; those with a value, where the whole row was added or deleted."""
        nothing = (None,) * len(self.table.columns)
        columns = zip(self.table.columns, self.expected or nothing, self.found or nothing, strict=True)
        return [
            ColumnDrift(column, self.table.masked(column, expected), self.table.masked(column, found))
            for column, expected, found in list(columns)[1:]
            if expected != found and (self.kind == "changed" or (expected or found) not in ("", 0, None))
        ]

    def __str__(self) -> str:
        row = f"{self.label}: row {self.pk} of the table {self.table.name}"
        if self.kind == "deleted":
            return f"{row} was deleted"
        if self.kind == "added":
            return f"{row} was added: " + ", ".join(f"{column} {found}" for column, _, found in self.columns)
        return f"{row} was changed: " + ", ".join(
            f"{column} is {found} instead of {expected}" for column, expected, found in self.columns
        )
