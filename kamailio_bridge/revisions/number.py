"""The number of the revision: in a row of Kamailio's tables, and in the memory of a node that has loaded them.

Kamailio loads the table htable at its start too, so a node knows its revision even after a restart.
"""

from __future__ import annotations

from kamailio_bridge.nodes.rpc import CallFailed, Rpc, parse_number, parsing_answer
from kamailio_bridge.rows.ids import PBX_OFFSET, free_keys, row_id
from kamailio_bridge.rows.marks import HASH_TABLE, INTEGER_VALUE, REVISION_KEY, STRING_KEY
from kamailio_bridge.rows.numbers import number_in
from kamailio_bridge.tables.models import Htable


def revision_on_node(rpc: Rpc) -> int | None:
    """Read the revision from the node's memory; None when it holds none. Raises ``RpcError``."""
    try:
        answer = rpc.call("htable.get", HASH_TABLE, REVISION_KEY)
    except CallFailed as failure:
        if failure.message.startswith(("Key name doesn't exist", "No such htable", "Method Not Found")):
            return None
        raise
    with parsing_answer("htable.get"):
        return parse_number(answer["item"]["value"])


def stored_revision() -> int | None:
    """Read the revision to which the rows in Kamailio's tables belong. Raises ``DatabaseError``.

    None before the first apply, or if somebody wrote something else there, which the next apply corrects.
    """
    row = Htable.objects.filter(key_name=REVISION_KEY).order_by("pk").first()
    return number_in(row.key_value) if row is not None else None


def store_revision(number: int) -> None:
    """Write the revision into the table. Call it in the transaction that writes the revision's rows."""
    values = revision_values(str(number))
    Htable.objects.filter(key_name=REVISION_KEY).delete()
    Htable.objects.create(**values)


def revision_values(number: str) -> dict[str, str | int]:
    """Return the row with the revision of the tables, by column. An existing row keeps its key."""
    return {
        "id": _revision_row(),
        "key_name": REVISION_KEY,
        "key_type": STRING_KEY,
        "value_type": INTEGER_VALUE,
        "key_value": number,
        "expires": 0,
    }


def _revision_row() -> int:
    """Return the key of the row with the revision: a free one if another program's row has the usual key."""
    present = Htable.objects.filter(key_name=REVISION_KEY).order_by("pk").values_list("pk", flat=True).first()
    if present is not None:
        return present
    key = row_id(0, PBX_OFFSET)  # apart from the selections, whose keys are those of carrier groups
    others = Htable.objects.exclude(key_name=REVISION_KEY)
    return next(free_keys(others, [key], set())) if others.filter(pk=key).exists() else key
