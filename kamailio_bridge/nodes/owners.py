"""Owners of accounts: the nodes that register them.

Several nodes on one database load the same records, and a carrier must see each account registered once. So every
account has an owner among the enabled nodes, by rendezvous hashing: each node has a score per account, and the highest
wins. When a node departs, only its accounts move, spread over the others. No assignment is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def owner_of(key: str, nodes: Sequence[str]) -> str | None:
    """Return the name of the node that registers the record ``key``; None if ``nodes`` is empty."""
    return max(nodes, key=lambda name: (_score(key, name), name), default=None)


def _score(key: str, node: str) -> bytes:
    return hashlib.sha256(f"{key}\n{node}".encode()).digest()
