"""The state of all carriers as plain data for JSON, with primary keys: a revision keeps it to roll back to.

Unlike the document of ``dump_carriers`` it has the primary key of every row and passwords as ciphertext, so that
restoring it brings back the same rows, not just equal ones. It never leaves the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    ConditionPBX,
    Endpoint,
    ExtraHeader,
    InboundRoute,
    InboundRouteCarrier,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)

# In the order in which they refer to each other.
MODELS: tuple[type[models.Model], ...] = (
    CarrierGroup,
    Endpoint,
    PBX,
    SourceNetwork,
    AuthCredential,
    ExtraHeader,
    Condition,
    ConditionPBX,
    OutboundRoute,
    OutboundRouteGroup,
    InboundRoute,
    InboundRouteCarrier,
)

# The columns with the ciphertexts of secrets.
CIPHERTEXTS: dict[type[models.Model], str] = {
    CarrierGroup: "client_key_ciphertext",
    AuthCredential: "password_ciphertext",
    ExtraHeader: "secret_value_ciphertext",
}

# Values of columns in states older than the column, if they differ from its default.
_BEFORE: dict[str, dict[str, Any]] = {
    "carriergroup": {"header_filter": "none", "admit_names": False},
    "outboundroute": {"fall_through": True},
    "inboundroute": {"fall_through": True},
}

Result = TypeVar("Result")
State = dict[str, Any]  # {"carriergroup": {"columns": ["id", "name", ...], "rows": [[1, "Acme", ...], ...]}, ...}


def take_state() -> State:
    """Read all carriers in one consistent view of the database."""
    return take_state_and(lambda: None)[0]


def take_state_and(more: Callable[[], Result]) -> tuple[State, Result]:
    """Read all carriers, and ``more`` from the same database, in one consistent view."""
    with _steady_view(connections[router.db_for_read(CarrierGroup)]):
        return {key_of(model): _table(model) for model in MODELS}, more()


def key_of(model: type[models.Model]) -> str:
    """Return the name of a model in a state."""
    return str(model._meta.model_name)


def columns_of(model: type[models.Model]) -> list[str]:
    """Return the columns of a model as Django's attributes: ``group_id``, not ``group``."""
    return [column.attname for column in model._meta.concrete_fields]


def rows_of(state: State, model: type[models.Model], *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a model in a state, by primary key, with these columns (at least two) in this order.

    A state may be older than a column: then its rows get what held before the column existed, or its default.
    """
    table = state.get(key_of(model), {"columns": [], "rows": []})
    missing = [column for column in columns if column not in table["columns"]]
    fields = {column.attname: column for column in model._meta.concrete_fields}
    before = _BEFORE.get(key_of(model), {})
    defaults = [before.get(column, fields[column].get_default()) for column in missing]
    known = [*table["columns"], *missing]
    pick = itemgetter(*(known.index(column) for column in columns))
    return (pick([*row, *defaults]) for row in table["rows"])


def _table(model: type[models.Model]) -> dict[str, Any]:
    columns = columns_of(model)
    return {"columns": columns, "rows": list(model._default_manager.order_by("pk").values_list(*columns))}


@contextmanager
def _steady_view(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Give all reads in the block one consistent view, without blocking writers.

    MariaDB gives a consistent view only from REPEATABLE READ on. SQLite gives one in any transaction, but ours begin
    with the write lock, so this one begins explicitly. Inside a transaction of the caller, the caller's view applies.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with transaction.atomic(using=connection.alias):
            yield
