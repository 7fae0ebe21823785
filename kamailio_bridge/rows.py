"""Rows of Kamailio's tables, and which of them are ours.

A row is a plain tuple in the order of its table's ``columns``, the primary key first: plans compare hundreds of
thousands of them, and tuples compare fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q

from kamailio_bridge.tables import KamailioTable

Value = str | int | None
Values = tuple[Value, ...]


class Notice(NamedTuple):
    """A sentence about one object: ``where`` names it in the operator's words."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class Row(NamedTuple):
    """A row that the carriers call for. ``label`` names the object behind it in the operator's words."""

    values: Values
    label: str

    @property
    def pk(self) -> int:
        return self.values[0]  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Table:
    """One table that a Kamailio module reads, with the rule that says which of its rows are ours.

    ``exclusive`` names columns whose values in our rows no foreign row may have: a unique index, or a key that
    Kamailio would mix. ``carries_calls`` says whether a row of ours routes outbound calls; where none of those would
    be left, the plan is an emptying one.
    """

    model: type[KamailioTable]
    columns: tuple[str, ...]
    ours: Q
    exclusive: tuple[str, ...] = ()
    carries_calls: Callable[[Values], bool] = field(default=lambda _values: False)

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.model._meta.db_table

    def stored(self) -> dict[int, Values]:
        """Read our rows as they stand in the table now, by primary key."""
        rows = self.model._default_manager.filter(self.ours).order_by("pk").values_list(*self.columns)
        return {row[0]: row for row in rows.iterator(chunk_size=10_000)}

    def overflows(self, values: Values) -> Iterator[str]:
        """Yield a sentence for each text that does not fit its column: MariaDB would refuse, SQLite keep too much."""
        for column, value in zip(self.columns, values, strict=True):
            width = getattr(self.model._meta.get_field(column), "max_length", None)
            if width is not None and isinstance(value, str) and len(value) > width:
                yield f"“{value}” does not fit the column {self.name}.{column} ({width} characters)"
