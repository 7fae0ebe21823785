"""The interface of a Kamailio module: its tables and rows, how a node reloads it, how that is verified."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord
from kamailio_bridge.modules.acceptance.accepted import Handler
from kamailio_bridge.nodes.certificates.tls_profiles import TlsProfiles
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, InvalidAnswer, Rpc
from kamailio_bridge.rows.destination import Destination
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Notice, Row, Table, Values
from kamailio_bridge.tables.models import KamailioTable

# Kamailio refuses a reload within reload_delta seconds of the last one; the default is 5 s, ours is 1 s
# (docs/kamailio-facts.md#pauses-between-reloads).
RELOAD_SECONDS = 12.0
RELOAD_RETRY_PAUSE = 0.2

INCOMPLETE = "but not every row could be loaded"  # in the answer to a reload: then rows of other tools are checked

NodeNames = tuple[str, ...]  # names of the enabled nodes; empty when only the local node exists


@dataclass
class Projection:
    """The rows that the carriers need in one module's tables, by primary key, with problems and warnings."""

    rows: dict[Table, dict[int, Row]]
    problems: list[Notice] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    kept: dict[Table, dict[int, Callable[[Values], Row]]] = field(default_factory=dict)
    moved: dict[Table, dict[int, int]] = field(default_factory=dict)  # keys beside the objects' own (see ``keys``)
    shared: dict[Table, set[object]] = field(default_factory=dict)  # values that other programs' rows have too
    tls: TlsProfiles = field(default_factory=TlsProfiles)  # what is in files of the node instead of rows

    @classmethod
    def of(cls, tables: Iterable[Table]) -> Projection:
        """Make an empty projection for ``tables``."""
        return cls({table: {} for table in tables})

    def add(self, table: Table, origin: str | tuple[GroupRecord, EndpointRecord], *values: Any) -> None:
        """Add a row; ``values`` are in the order of the table's columns."""
        self.rows[table][values[0]] = Row(values, origin)

    def keep(self, table: Table, pk: int, row_of: Callable[[Values], Row]) -> None:
        """Keep the stored row ``pk``, if there is one, because the row wanted is not known."""
        self.kept.setdefault(table, {})[pk] = row_of

    def take_kept(self, table: Table, stored: Mapping[int, Values]) -> None:
        """Add the rows to keep, made of the stored ones."""
        for pk, row_of in self.kept.get(table, {}).items():
            if pk in stored:
                self.rows[table][pk] = row_of(stored[pk])


@dataclass(frozen=True)
class TableChanges:
    """The difference between the rows wanted and the rows stored in one table."""

    table: Table
    adds: dict[int, Row]
    updates: dict[int, tuple[Values, Row]]
    deletes: dict[int, Values]

    @property
    def count(self) -> int:
        return len(self.adds) + len(self.updates) + len(self.deletes)


@dataclass(frozen=True)
class ModuleChanges:
    """The changes in all tables of one module."""

    module: KamailioModule
    tables: Mapping[Table, TableChanges]

    @property
    def count(self) -> int:
        return sum(changes.count for changes in self.tables.values())

    @property
    def only_removes(self) -> bool:
        """Whether rows are deleted and none added: then modules that may still use them are reloaded first."""
        return any(changes.deletes for changes in self.tables.values()) and not any(
            changes.adds for changes in self.tables.values()
        )


class ReloadRejected(Exception):
    """The node answered with success, but the reload failed. ``str()`` is a sentence."""


Loaded = frozenset[tuple[Any, ...]]  # what a node holds; the tuples are those of one module


class RegistrationCount(NamedTuple):
    """How many accounts a node registers now, of those that it should."""

    registered: int = 0
    to_register: int = 0


class KamailioModule(ABC):
    """One Kamailio module. Instances have no state.

    ``holds_revision``: a node that reloads this module loads the number of the revision with it. Such a module is
    reloaded in every apply and after all others, so a node that names a revision has loaded everything before it.
    """

    name: str
    tables: tuple[Table, ...]
    live_tables: tuple[type[KamailioTable], ...] = ()  # needed, too, but not projected: the collector writes them
    reload_method: str
    holds_revision: bool = False
    writes_files: bool = False  # besides its rows, of what its projection has

    @abstractmethod
    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        """Return the rows that ``carriers`` need on these nodes. Pure: reads no database and no clock."""

    def spread(self, stored: Projection, nodes: NodeNames) -> Projection:
        """Return the rows for other nodes than those that the stored ones are for. Most modules have no such rows."""
        return stored

    def follow_keys(self, projection: Projection, table: Table, moves: Mapping[int, int]) -> None:  # noqa: B027
        """Update rows of the projection that refer to moved keys of ``table``. Most modules have no such references."""

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node has this module, loaded with our tables; ``methods`` is its system.listMethods."""
        return self.reload_method in methods

    @abstractmethod
    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Make the node load our tables, and return its answer in words.

        ``changes`` is None when it is not known what the node runs. Raises ``ReloadRejected`` or ``RpcError``.
        """

    @abstractmethod
    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the node's memory with the rows wanted, and return a sentence for each difference."""

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Return the RPC commands of ``reload``, for an expert to read; conditions follow a ``#``."""
        return [self.reload_method]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Return the RPC commands of ``verify``, for an expert to read."""
        return []

    def count_registrations(self, rpc: Rpc) -> RegistrationCount:
        """Ask the node for the accounts that it registers with this module. Most modules register none."""
        return RegistrationCount()

    def unread(self, wanted: Projection) -> str:
        """Say what a node does not read because it lacks this module, "" for nothing that an operator set."""
        return ""

    def remark(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Say what an operator has to do on the node for this reload, "" for nothing, as with most modules."""
        return ""

    def notes_on_call(self, number: str, destinations: Sequence[Destination]) -> list[str]:
        """Say how a node that routes by this module treats a call otherwise than our own configuration does."""
        return []

    def accept_handler(self, row: RowDrift) -> Handler | None:
        """Return what accepts a row of this module into the carriers; None if it can only be restored."""
        return None

    def ask_what_is_loaded(self, rpc: Rpc) -> Loaded:
        """Ask the node for what ``foreign_faults`` compares the tables with. Most modules need nothing."""
        return frozenset()

    def foreign_faults(self, loaded: Loaded) -> list[str]:
        """Name rows of other tools in the same tables that a node refuses, some of which fail the whole reload.

        Our own rows are checked before they are written, so these are the likely cause when a reload is refused or
        not every row was loaded. ``loaded`` is the answer of ``ask_what_is_loaded``. Reads the database.
        """
        return []


def patient_reload(rpc: Rpc, method: str, *params: str) -> Any:
    """Call a reload, and repeat it while the node refuses it as too soon after the last one (its ``reload_delta``).

    Raises ``RpcError``, after ``RELOAD_SECONDS`` at the latest.
    """
    deadline = time.monotonic() + RELOAD_SECONDS
    while True:
        try:
            return rpc.call(method, *params)
        except CallFailed as failure:
            if failure.message.lower() != "ongoing reload" or time.monotonic() > deadline:
                raise
            time.sleep(RELOAD_RETRY_PAUSE)


def expect_text(method: str, answer: object, accepted: Callable[[str], bool]) -> str:
    """Return the answer's text if it means success. Some failures come with HTTP 200 and no error member.

    Raises ``ReloadRejected`` for a failure and ``InvalidAnswer`` for anything but a text.
    """
    if not isinstance(answer, str):
        raise InvalidAnswer(f"{method}: the node answered with something other than a text.")
    if not accepted(answer):
        raise ReloadRejected(f"{method} answered “{answer}”, which is a failure: the old data stay in force.")
    return answer


def join_first(things: Iterable[str], limit: int = 5) -> str:
    """Join the first ``limit`` things with commas for a sentence, and say how many more there are."""
    listed = list(things)
    rest = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {rest} more" if rest > 0 else "")
