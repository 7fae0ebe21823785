"""The plan for an expert: the SQL statements and the RPC commands of an apply.

The statements are those of ``plan.make.write``, in its order, for the database in use. They are for reading only:
digests are masked, because with them anybody can register as us.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from carriers.wording.secret_fields import masked
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, TableChanges
from kamailio_bridge.modules.order import in_reload_order
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.plan.make import Plan, chunks, rows_after
from kamailio_bridge.revisions.number import revision_values
from kamailio_bridge.rows.marks import HASH_TABLE, REVISION_KEY
from kamailio_bridge.rows.types import Value
from kamailio_bridge.tables.models import Htable

NEXT_REVISION = "(number of the new revision)"


def sql_statements(plan: Plan) -> Iterator[str]:
    """Yield the statements of an apply, from BEGIN to COMMIT; none when no row changes."""
    if not plan.count:
        return
    connection = connections["kamailio"]
    connection.ensure_connection()
    yield "BEGIN;"
    for module in plan.modules:
        for changes in module.tables.values():
            yield from _deletes(connection, changes)
            yield from _inserts(connection, changes)
    yield from _revision(connection)
    yield "COMMIT;"


def _deletes(connection: BaseDatabaseWrapper, changes: TableChanges) -> Iterator[str]:
    name, key = map(connection.ops.quote_name, (changes.table.name, changes.table.columns[0]))
    for keys in chunks([*changes.deletes, *changes.updates]):
        yield f"DELETE FROM {name} WHERE {key} IN ({', '.join(map(str, keys))});"  # noqa: S608 - to be read


def _inserts(connection: BaseDatabaseWrapper, changes: TableChanges) -> Iterator[str]:
    columns = changes.table.columns
    for rows in chunks(rows_after(changes)):
        tuples = [
            [masked(changes.table.model, column, value) for column, value in zip(columns, row.values, strict=True)]
            for row in rows
        ]
        yield _insert(connection, changes.table.name, columns, tuples)


def _insert(
    connection: BaseDatabaseWrapper, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]
) -> str:
    quote = connection.ops.quote_name
    tuples = ",\n  ".join(f"({', '.join(literal(connection, value) for value in row)})" for row in rows)
    return f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES\n  {tuples};"


def _revision(connection: BaseDatabaseWrapper) -> Iterator[str]:
    table, column = Htable._meta.db_table, connection.ops.quote_name("key_name")
    yield (
        f"DELETE FROM {connection.ops.quote_name(table)}"  # noqa: S608 - to be read
        f" WHERE {column} = {literal(connection, REVISION_KEY)};"
    )
    values = revision_values(NEXT_REVISION)
    yield _insert(connection, table, list(values), [list(values.values())])


def literal(connection: BaseDatabaseWrapper, value: Value) -> str:
    """Write a value as the database reads it in a statement."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    if connection.vendor == "mysql":
        return str(connection.connection.literal(value).decode())  # knows the connection's charset and SQL mode
    return "'" + value.replace("'", "''") + "'"


def rpc_calls(plan: Plan, node: Node, *, known: bool) -> list[str]:
    """Return the commands for a node with all our modules, in their order, as arguments of ``kamcmd``.

    ``known``: the node was verified at the revision in the tables, so only modules whose rows change are reloaded.
    """
    todo: list[tuple[KamailioModule, ModuleChanges | None]] = (
        [(changes.module, changes) for changes in in_reload_order(plan.modules)]
        if known
        else [(changes.module, None) for changes in plan.modules]
    )
    calls = [call for module, changes in todo for call in module.reload_calls(node, plan.projections[module], changes)]
    calls += [call for module, changes in todo for call in module.verify_calls(node, plan.projections[module], changes)]
    if any(module.holds_revision for module, _ in todo):
        calls.append(f"htable.get {HASH_TABLE} {REVISION_KEY}")
    return calls
