"""htable: how each set selects endpoints, which the SIP side looks up in memory.

The number of the revision is in the same table (``revisions.number``), so a node that reloaded it runs that revision.
"""

from __future__ import annotations

from django.db.models import Q

from carriers.labels import group_label
from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    expect_text,
    join_first,
)
from kamailio_bridge.modules.hash_tables import has_hash_tables, hash_table_entries
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.rows.ids import row_id, set_id
from kamailio_bridge.rows.marks import BY_WEIGHT, HASH_TABLE, SET_KEY, STRING_KEY, STRING_VALUE, set_key
from kamailio_bridge.rows.types import Table
from kamailio_bridge.tables.models import Htable

SELECTIONS = Table(
    model=Htable,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=Q(key_name__startswith=SET_KEY),
    exclusive=("key_name",),
    moved_by_base=frozenset({"key_name"}),
)
_KEY_NAME, _KEY_VALUE = map(SELECTIONS.at, ("key_name", "key_value"))


class HtableModule(KamailioModule):
    name = "htable"
    tables = (SELECTIONS,)
    reload_method = "htable.reload"
    holds_revision = True

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        """Make a row for each set selected by weight; without one, a set is selected by position."""
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if group.selection == "weight" and group.takes_calls:
                projection.add(
                    SELECTIONS,
                    group_label(group),
                    row_id(group.pk),
                    set_key(set_id(group.pk)),
                    STRING_KEY,
                    STRING_VALUE,
                    BY_WEIGHT,
                    0,
                )
        return projection

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node has our hash table; another configuration may have the module for other things."""
        return self.reload_method in methods and has_hash_tables(rpc, [HASH_TABLE])

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = node.rpc.call(self.reload_method, HASH_TABLE)
        return expect_text(self.reload_method, answer, lambda text: text.startswith("Ok."))

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"{self.reload_method} {HASH_TABLE}"]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"htable.dump {HASH_TABLE}"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        entries = hash_table_entries(node.rpc, HASH_TABLE)
        loaded = {name: value for name, value in entries.items() if name.startswith(SET_KEY)}
        expected = {str(row.values[_KEY_NAME]): row for row in wanted.rows[SELECTIONS].values()}
        # Kamailio keeps only one value of a key, which may be another program's.
        shared = wanted.shared.get(SELECTIONS, set())
        wrong = [
            row.label
            for name, row in expected.items()
            if name not in shared and loaded.get(name) != row.values[_KEY_VALUE]
        ]
        wrong += sorted(loaded.keys() - expected.keys() - shared)
        if wrong:
            return [f"Kamailio selects endpoints in another way than it should for {join_first(wrong)}. Reload again."]
        return []
