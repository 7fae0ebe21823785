"""Which node registers which account.

Several nodes on one database load the same records, and a carrier must see each account registered once. So every
account has an owner among the enabled nodes, by rendezvous hashing: each node gets a score for each account, and the
highest wins. When a node goes, only its accounts move, and they spread over the others; nothing needs to be remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def owner_of(key: str, nodes: Sequence[str]) -> str | None:
    """Return the node that registers the record ``key``; None where there are no names to choose from."""
    return max(nodes, key=lambda name: (_score(key, name), name), default=None)


def _score(key: str, node: str) -> bytes:
    return hashlib.sha256(f"{key}\n{node}".encode()).digest()
