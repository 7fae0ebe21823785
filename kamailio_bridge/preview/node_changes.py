"""The effect of a change of the nodes on the registrations, in the operator's words: pure, like ``carrier_changes``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from carriers.labels import group_label
from carriers.snapshots.records import Carriers
from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.preview.carrier_changes import Change
from kamailio_bridge.rows.marks import record_key

ALONE = "the local node"


def nodes_in_words(before: Sequence[str], after: Sequence[str], carriers: Carriers) -> list[Change]:
    """Name the nodes that were added and removed, and the accounts that another node will register."""
    if list(before) == list(after):
        return []
    sentence = f"{_names(before)} -> {_names(after)}"
    return [Change("~", "nodes", "", (sentence, *_moves(before, after, carriers)))]


def _moves(before: Sequence[str], after: Sequence[str], carriers: Carriers) -> Iterator[str]:
    for group in carriers.groups.values():
        if group.enabled and group.credential is not None and group.credential.register:
            old, new = (owner_of(record_key(group.pk), nodes) or ALONE for nodes in (before, after))
            if old != new:
                yield f"the account of {group_label(group)} is registered from {new} instead of {old}"


def _names(nodes: Sequence[str]) -> str:
    return ", ".join(nodes) or ALONE
