"""Plans that begin at the rows in Kamailio's tables and not at the carriers, whose changes go on waiting."""

from __future__ import annotations

from django.db import DatabaseError

from carriers.snapshot import Carriers, carriers_of
from carriers.state import take_state
from kamailio_bridge.checks import table_problems
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, NodeNames, Projection
from kamailio_bridge.nodes import node_names
from kamailio_bridge.plan import Plan, TablesUnreadable, difference
from kamailio_bridge.rows import Row


def plan_of_tables() -> Plan:
    """Return a plan without changes, which wants the rows that are in the tables. Raises ``TablesUnreadable``."""
    return _plan(new_owners=False)


def plan_of_new_owners() -> Plan:
    """Return a plan that changes nothing in the tables but who registers what. Raises ``TablesUnreadable``."""
    return _plan(new_owners=True)


def _plan(*, new_owners: bool) -> Plan:
    problems = table_problems()
    if problems:
        raise TablesUnreadable(" ".join(problems))
    state = take_state()
    carriers, nodes = carriers_of(state), node_names()
    wanted: dict[KamailioModule, Projection] = {}
    modules = []
    try:
        for module in selected_modules():
            stored = _stored(module, carriers, nodes)
            wanted[module] = module.spread(stored, nodes) if new_owners else stored
            changes = {
                table: difference(table, rows, {pk: row.values for pk, row in stored.rows[table].items()})
                for table, rows in wanted[module].rows.items()
            }
            modules.append(ModuleChanges(module, changes))
    except DatabaseError as error:
        raise TablesUnreadable(f"Kamailio's tables can't be read: {error}. Check KAMAILIO_DATABASE_URL.") from error
    return Plan(state, carriers, wanted, modules, [], [], empties_routing=False)


def _stored(module: KamailioModule, carriers: Carriers, nodes: NodeNames) -> Projection:
    """Return our rows as they are in the module's tables, with the names that their objects have now."""
    named = module.project(carriers, nodes)
    stored = Projection.of(module.tables)
    for table in module.tables:
        labels = {pk: row.label for pk, row in named.rows[table].items()}
        stored.rows[table] = {
            pk: Row(values, labels.get(pk, f"row {pk} of the table {table.name}"))
            for pk, values in table.stored().items()
        }
    return stored
