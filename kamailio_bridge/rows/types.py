"""Rows of Kamailio's tables, and the rule that tells ours from others.

A row is a plain tuple in the order of its table's ``columns``, the primary key first: plans compare hundreds of
thousands of them, and tuples compare fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from carriers.labels import endpoint_label, group_label
from carriers.snapshots.records import EndpointRecord, GroupRecord
from carriers.wording.secret_fields import hide
from kamailio_bridge.tables.models import KamailioTable

Value = str | int | None
Values = tuple[Value, ...]


class Notice(NamedTuple):
    """A sentence about one object: ``where`` names it in the operator's words."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class Row(NamedTuple):
    """A row that the carriers need, and its origin: the label of an object, or an endpoint with its group.

    Most rows belong to endpoints and don't change, so their labels are made on demand.
    """

    values: Values
    origin: str | tuple[GroupRecord, EndpointRecord]

    @property
    def label(self) -> str:
        """The label of its object."""
        return self.origin if isinstance(self.origin, str) else endpoint_label(*self.origin)

    @property
    def owner(self) -> str:
        """The label of its carrier group, PBX or route: for an endpoint its group."""
        return self.origin if isinstance(self.origin, str) else group_label(self.origin[0])

    @property
    def pk(self) -> int:
        return self.values[0]  # type: ignore[return-value]

    def with_value(self, index: int, value: Value) -> Row:
        """Return the row with another value in the column at ``index``."""
        return self._replace(values=(*self.values[:index], value, *self.values[index + 1 :]))


@dataclass(frozen=True, eq=False)
class Table:
    """One table that a Kamailio module reads, with the rule for our rows.

    ``exclusive`` names columns whose values in our rows no foreign row may have: a unique index, or a key that
    Kamailio would mix; ``moved_by_base`` those of them whose values ``KAMAILIO_ID_BASE`` moves. ``carries_calls`` says
    whether a row of ours routes outbound calls; if none of those is left, the plan removes all routes. None: no
    row of the table does. ``secret`` names columns that are never shown: a digest opens the account as the password
    does.
    """

    model: type[KamailioTable]
    columns: tuple[str, ...]
    ours: Q
    exclusive: tuple[str, ...] = ()
    carries_calls: Callable[[Values], bool] | None = None
    moved_by_base: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        hide(self.model, *self.secret)

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.model._meta.db_table

    def at(self, column: str) -> int:
        """Return the index of a column in the table's rows."""
        return self.columns.index(column)

    def stored(self) -> dict[int, Values]:
        """Read our rows from the table, by primary key."""
        rows = self.model._default_manager.filter(self.ours).order_by("pk").values_list(*self.columns)
        return {row[0]: row for row in rows.iterator(chunk_size=10_000)}

    def foreign(self) -> QuerySet[Any]:
        """Return the rows of other programs."""
        return self.model._default_manager.exclude(self.ours)

    def overflows(self, values: Values) -> Iterator[str]:
        """Yield a sentence for each text that is too long for its column: MariaDB refuses it, SQLite stores it."""
        for index, width in self._widths:
            value = values[index]
            if isinstance(value, str) and len(value) > width:
                yield f"“{value}” does not fit the column {self.name}.{self.columns[index]} ({width} characters)"

    @cached_property
    def _widths(self) -> list[tuple[int, int]]:
        """The indexes of the text columns, each with its limit in characters."""
        widths = [getattr(self.model._meta.get_field(column), "max_length", None) for column in self.columns]
        return [(index, width) for index, width in enumerate(widths) if width is not None]
