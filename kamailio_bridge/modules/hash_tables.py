"""What a node says of its hash tables: which there are, and what is in one."""

from __future__ import annotations

from collections.abc import Collection

from kamailio_bridge.nodes.rpc import CallFailed, Rpc, as_list, parsing_answer


def has_hash_tables(rpc: Rpc, names: Collection[str]) -> bool:
    """Return whether a node has these hash tables; another configuration may have the module for other things."""
    try:
        with parsing_answer("htable.listTables"):
            present = {str(entry.get("name")) for entry in as_list(rpc.call("htable.listTables"))}
    except CallFailed:
        return False
    return present.issuperset(names)


def hash_table_entries(rpc: Rpc, name: str) -> dict[str, object]:
    """Return the values of a node's hash table by key. Raises ``RpcError``."""
    with parsing_answer("htable.dump"):
        return {
            str(item["name"]): item["value"]
            for slot in as_list(rpc.call("htable.dump", name))
            for item in as_list(slot["slot"])
        }
