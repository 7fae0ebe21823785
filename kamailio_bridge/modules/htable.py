"""htable: what the SIP side looks up in memory: the revision that a node runs, and how each set selects.

Kamailio loads the table at start too, so a node says which revision it runs even after a restart.
"""

from __future__ import annotations

from django.db.models import Q

from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    as_list,
    expect_text,
    some,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, parse_number, understood
from kamailio_bridge.rows.ids import PBX_OFFSET, free_keys, row_id, set_id
from kamailio_bridge.rows.labels import group_label
from kamailio_bridge.rows.types import Table
from kamailio_bridge.tables.models import Htable

HASH_TABLE = "dsiprouter"
REVISION_KEY = "dsiprouter:revision"
STRING_KEY = 0
STRING_VALUE, INTEGER_VALUE = 0, 1

SELECTIONS = Table(
    model=Htable,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=Q(key_name__startswith="dsiprouter:set:"),
    exclusive=("key_name",),
)


class HtableModule(KamailioModule):
    name = "htable"
    tables = (SELECTIONS,)
    reload_method = "htable.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        """Make a row for each set selected by weight; without one, a set is selected by position."""
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if group.selection == "weight" and group.takes_calls:
                projection.add(
                    SELECTIONS,
                    group_label(group),
                    row_id(group.pk),
                    f"dsiprouter:set:{set_id(group.pk)}",
                    STRING_KEY,
                    STRING_VALUE,
                    "weight",
                    0,
                )
        return projection

    def is_on(self, rpc: Rpc, methods: frozenset[str]) -> bool:
        """Say whether the node has our hash table; another configuration may have the module for other things."""
        if self.reload_method not in methods:
            return False
        try:
            with understood("htable.listTables"):
                names = {str(entry.get("name")) for entry in as_list(rpc.call("htable.listTables"))}
        except CallFailed:
            return False
        return HASH_TABLE in names

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = node.rpc.call(self.reload_method, HASH_TABLE)
        return expect_text(self.reload_method, answer, lambda text: text.startswith("Ok."))

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"{self.reload_method} {HASH_TABLE}"]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return [f"htable.dump {HASH_TABLE}"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        loaded = {name: value for name, value in _entries(node.rpc) if name.startswith("dsiprouter:set:")}
        expected = {str(row.values[1]): row for row in wanted.rows[SELECTIONS].values()}
        shared = wanted.shared.get(SELECTIONS, set())  # Kamailio keeps one value of a key, perhaps another program's
        wrong = [
            row.label for name, row in expected.items() if name not in shared and loaded.get(name) != row.values[4]
        ]
        wrong += sorted(loaded.keys() - expected.keys() - shared)
        if wrong:
            return [f"Kamailio selects endpoints in another way than it should for {some(wrong)}. Reload again."]
        return []


def revision_on_node(rpc: Rpc) -> int | None:
    """Read the revision from the node's memory; None when it holds none. Raises ``RpcError``."""
    try:
        answer = rpc.call("htable.get", HASH_TABLE, REVISION_KEY)
    except CallFailed as failure:
        if failure.message.startswith(("Key name doesn't exist", "No such htable", "Method Not Found")):
            return None
        raise
    with understood("htable.get"):
        return parse_number(answer["item"]["value"])


def stored_revision() -> int | None:
    """Read the revision from the table: the one that the rows in Kamailio's tables belong to."""
    row = Htable.objects.filter(key_name=REVISION_KEY).order_by("pk").first()
    return int(row.key_value) if row is not None else None


def store_revision(number: int) -> None:
    """Write the revision into the table, in the transaction that writes the rows it stands for."""
    values = revision_values(str(number))
    Htable.objects.filter(key_name=REVISION_KEY).delete()
    Htable.objects.create(**values)


def revision_values(number: str) -> dict[str, str | int]:
    """Return the row that says which revision the tables hold. Its key stays what it is."""
    return {
        "id": _revision_row(),
        "key_name": REVISION_KEY,
        "key_type": STRING_KEY,
        "value_type": INTEGER_VALUE,
        "key_value": number,
        "expires": 0,
    }


def _revision_row() -> int:
    """Return the key of the row with the revision, or where it can stand while another program's row has that key."""
    present = Htable.objects.filter(key_name=REVISION_KEY).order_by("pk").values_list("pk", flat=True).first()
    if present is not None:
        return present
    key = row_id(0, PBX_OFFSET)  # apart from the selections, whose keys are those of carrier groups
    others = Htable.objects.exclude(key_name=REVISION_KEY)
    return next(free_keys(others, [key], set())) if others.filter(pk=key).exists() else key


def _entries(rpc: Rpc) -> list[tuple[str, object]]:
    with understood("htable.dump"):
        return [
            (str(item["name"]), item["value"])
            for slot in as_list(rpc.call("htable.dump", HASH_TABLE))
            for item in as_list(slot["slot"])
        ]
