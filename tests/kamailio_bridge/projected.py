"""Rows that a module projects, as dicts to compare with."""

from __future__ import annotations

from typing import Any

from carriers.snapshots.records import Carriers
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.base import Projection
from kamailio_bridge.rows.types import Table


def project(module: str, state: Carriers, nodes: tuple[str, ...] = ()) -> Projection:
    return MODULES[module].project(state, nodes)


def rows(
    module: str, state: Carriers, table_name: str | None = None, nodes: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Return a module's rows as dicts, by primary key, of the one table or the named one."""
    projection = project(module, state, nodes)
    tables = [table for table in projection.rows if table_name in (None, table.name)]
    assert len(tables) == 1
    return [_as_dict(tables[0], row.values) for _, row in sorted(projection.rows[tables[0]].items())]


def _as_dict(table: Table, values: Any) -> dict[str, Any]:
    return dict(zip(table.columns, values, strict=True))
