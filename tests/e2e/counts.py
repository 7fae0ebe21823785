"""A node's counters of strangers, read from Kamailio."""

from __future__ import annotations

import time
from collections.abc import Callable

from kamailio_bridge.local.kamailio_process import NodeProcess

PATIENCE = 20.0


def counts(process: NodeProcess, table: str = "stranger_counts") -> dict[str, int]:
    """Return a hash table of numbers."""
    slots = process.parameters.local_rpc(20).call("htable.dump", table) or []
    return {entry["name"]: int(entry["value"]) for slot in slots for entry in slot["slot"]}


def wait_for(condition: Callable[[], bool], what: str, state: object = "") -> None:
    """Wait until a condition holds; otherwise fail with ``what`` and the last state."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} {state}"
        time.sleep(0.02)


def wait_for_counts(process: NodeProcess, total: int, *names: str) -> dict[str, int]:
    """Wait until the sum of these counters reaches a number: then no packet is in transit."""
    found: dict[str, int] = {}

    def reached() -> bool:
        found.clear()
        found.update(counts(process))
        return sum(found.get(name, 0) for name in names) >= total

    wait_for(reached, f"{total} of {names}, not only", found)
    return found
