"""The route test: one number by the carriers, by Kamailio's tables and by each node, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from carriers.snapshots.records import Carriers, read_carriers
from kamailio_bridge.collector.models import HostName
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import RpcError
from kamailio_bridge.questions.route_live import ask_route
from kamailio_bridge.questions.route_prediction import Attempt, Prediction, Unused, predict
from kamailio_bridge.questions.route_tables import endpoint_names, predict_from_tables
from kamailio_bridge.rows.ids import row_id
from kamailio_bridge.tables.reading import TablesUnreadable, reading

PENDING, TABLES = "Carriers, as saved", "Kamailio's tables"


@dataclass(frozen=True)
class Column:
    """One answer to the question. ``failed``: there is no answer, and ``sentence`` says why."""

    title: str
    sentence: str
    attempts: list[Attempt] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    failed: bool = False
    outcome: str = ""  # the answer to the caller when no endpoint is tried


@dataclass(frozen=True)
class Cell:
    """What a column says about one endpoint: an attempt, or the reason for none if it is known."""

    column: Column
    attempt: Attempt | None = None
    reason: str = ""


@dataclass(frozen=True)
class EndpointLine:
    """One endpoint across the columns. ``differs``: two columns with an answer disagree about it."""

    group: str
    endpoint: str
    cells: list[Cell]
    differs: bool


@dataclass(frozen=True)
class RouteTest:
    """The first column is what the next reload brings; ``differs`` when the answers are not all the same."""

    number: str
    columns: list[Column]
    lines: list[EndpointLine]
    notes: list[str]

    @property
    def differs(self) -> bool:
        return self.outcomes_differ or any(line.differs for line in self.lines)

    @property
    def outcomes_differ(self) -> bool:
        """Whether the caller would get different answers, or an answer here and an endpoint there."""
        return len({column.outcome for column in self.columns if not column.failed}) > 1

    @property
    def is_complete(self) -> bool:
        """Whether every column has an answer."""
        return not any(column.failed for column in self.columns)


def route_test(
    number: str,
    *,
    live: bool = True,
    nodes: list[Node] | None = None,
    pbx: int | None = None,
    at: int | None = None,
) -> RouteTest:
    """Find where ``number``, which is clean (``clean_number``), goes, by carriers, tables and, if ``live``, nodes.

    ``pbx`` is the key of the PBX that dials it. None: the only one, if there is only one. ``at`` is the time of the
    call in minutes since 1970, None for now.
    """
    carriers = read_carriers()
    if pbx is None and len(carriers.pbxs) == 1:
        pbx = next(iter(carriers.pbxs))
    names = endpoint_names(carriers)
    pending = predict(carriers, number, pbx, at=at)
    columns = [Column(PENDING, pending.sentence, pending.attempts, pending.unused, outcome=pending.outcome)]
    try:
        with reading():
            stored = predict_from_tables(number, names, pbx, at=at)
        columns.append(Column(TABLES, stored.sentence, stored.attempts, stored.unused, outcome=stored.outcome))
    except TablesUnreadable as unreadable:
        columns.append(Column(TABLES, str(unreadable), failed=True))
    if live:
        asked = configured_nodes() if nodes is None else nodes
        answers = ask_nodes(asked, lambda node: ask_route(node, number, names, pbx, at=at))
        for node, answer in zip(asked, answers, strict=True):
            title = f"Node {node.name}, {'now' if at is None else 'at that time'}"
            if isinstance(answer, RpcError):
                columns.append(Column(title, str(answer), failed=True))
            else:
                sentence = answer.refusal or f"Sends {number} on."
                columns.append(Column(title, sentence, answer.attempts, outcome=answer.answer))
    return RouteTest(number, columns, _lines(columns), [*pending.notes, *_where_names_lead(carriers, pending)])


def _where_names_lead(carriers: Carriers, prediction: Prediction) -> Iterator[str]:
    """Say where the host names of the endpoints lead that the call would try."""
    tried = {attempt.gwid for attempt in prediction.attempts}
    hosts = {
        endpoint.host.lower()
        for group in carriers.groups.values()
        for endpoint in group.endpoints
        if row_id(endpoint.pk) in tried
    }
    yield from (host.sentence for host in HostName.objects.filter(name__in=hosts).order_by("name"))


def _lines(columns: list[Column]) -> list[EndpointLine]:
    """Make a line for each endpoint in any column: those that are tried come first, in their order."""
    tables = [_cells(column) for column in columns]
    keys: dict[tuple[int, int], None] = {}
    for table in tables:
        keys.update(dict.fromkeys(key for key, (_, _, cell) in table.items() if cell.attempt is not None))
    for table in tables:
        keys.update(dict.fromkeys(table))
    lines = []
    for key in keys:
        group, endpoint, _ = next(table[key] for table in tables if key in table)
        cells = [table[key][2] if key in table else Cell(column) for table, column in zip(tables, columns, strict=True)]
        answered = [cell.attempt for cell in cells if not cell.column.failed]
        lines.append(EndpointLine(group, endpoint, cells, differs=any(each != answered[0] for each in answered[1:])))
    return lines


def _cells(column: Column) -> dict[tuple[int, int], tuple[str, str, Cell]]:
    """Return a column's cells by endpoint. Foreign destinations have no id of ours: their order distinguishes them."""
    cells = {}
    foreign = count(1)
    for attempt in column.attempts:
        key = (attempt.gwid, 0 if attempt.gwid else next(foreign))
        cells[key] = (attempt.group, attempt.endpoint, Cell(column, attempt))
    for unused in column.unused:
        key = (unused.gwid, 0 if unused.gwid else next(foreign))
        cells[key] = (unused.group, unused.endpoint, Cell(column, reason=unused.reason))
    return cells
