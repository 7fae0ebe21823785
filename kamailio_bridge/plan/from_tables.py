"""Plans made from Kamailio's tables or a revision: pending changes of the carriers stay pending."""

from __future__ import annotations

from carriers.snapshots.records import Carriers, carriers_of
from carriers.snapshots.state import take_state
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, NodeNames, Projection
from kamailio_bridge.modules.tables_in_use import insist_on_tables
from kamailio_bridge.nodes.node import node_names
from kamailio_bridge.plan.make import Plan, compare, difference, leave_out_conflicting
from kamailio_bridge.plan.row_keys import settle_keys
from kamailio_bridge.revisions.applied import applied_state
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import NotKept
from kamailio_bridge.rows.types import Row
from kamailio_bridge.tables.reading import reading


def plan_of_tables() -> Plan:
    """Return a plan without changes, for the rows that are in the tables. Raises ``TablesUnreadable``."""
    return _plan(new_owners=False)


def plan_of_new_owners() -> Plan:
    """Return a plan that changes only which node registers which account. Raises ``TablesUnreadable``."""
    return _plan(new_owners=True)


def plan_of_revision(revision: Revision) -> Plan:
    """Return a plan that restores the tables as they were at the revision, and so undoes changes of other programs.

    Accounts are shared among the nodes at that time. Raises ``TablesUnreadable`` and
    ``NotKept``.
    """
    insist_on_tables()
    state = revision.state()
    if state is None:
        raise NotKept(f"The carriers of revision {revision.number} are not kept any more: press Reload Kamailio.")
    carriers = carriers_of(state)
    nodes = tuple(revision.spread_over)
    projections = {module: module.project(carriers, nodes) for module in selected_modules()}
    with reading():
        return leave_out_conflicting(compare(state, carriers, projections, []))


def _plan(*, new_owners: bool) -> Plan:
    insist_on_tables()
    state = take_state()
    carriers, nodes = carriers_of(state), node_names()
    wanted: dict[KamailioModule, Projection] = {}
    modules = []
    with reading():
        for module in selected_modules():
            stored = _stored(module, carriers, nodes)
            wanted[module] = module.spread(stored, nodes) if new_owners else stored
            changes = {}
            for table in module.tables:
                before = {pk: row.values for pk, row in stored.rows[table].items()}
                settle_keys(module, wanted[module], table, before)
                changes[table] = difference(table, wanted[module].rows[table], before)
            modules.append(ModuleChanges(module, changes))
    return Plan(state, carriers, wanted, modules, [], [], removes_all_routes=False)


def _stored(module: KamailioModule, carriers: Carriers, nodes: NodeNames) -> Projection:
    """Return our rows as they are in the module's tables, labelled with the present names of their objects."""
    named = module.project(carriers, nodes)
    stored = Projection.of(module.tables)
    for table in module.tables:
        labels = {pk: row.label for pk, row in named.rows[table].items()}
        stored.rows[table] = {
            pk: Row(values, labels.get(pk, f"row {pk} of the table {table.name}"))
            for pk, values in table.stored().items()
        }
    if module.writes_files and any(stored.rows.values()):
        stored.tls = module.project(carriers_of(applied_state()), nodes).tls
    return stored
