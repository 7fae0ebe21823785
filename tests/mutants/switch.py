"""Which mutant is switched on, and which switches were asked. It is copied beside manage.py as ``mutant_switch``."""

from __future__ import annotations

import os
from pathlib import Path

ACTIVE = "MUTANT_ACTIVE"  # environment variables: processes that tests start take part, too
RECORDS = "MUTANT_RECORDS"

_active = int(os.environ.get(ACTIVE, "0"))
_records = os.environ.get(RECORDS)
_recorded: set[tuple[int, str]] = set()
asked: set[int] = set()


def is_active(number: int) -> bool:
    """Say whether a mutant is switched on, and note that it was asked for."""
    if _records is not None:
        _record(number)
    asked.add(number)
    return number == _active


def activate(number: int) -> None:
    """Switch one mutant on, here and in processes that are started from here; 0 is none."""
    global _active  # noqa: PLW0603 - one for the whole process
    _active = number
    os.environ[ACTIVE] = str(number)


def _record(number: int) -> None:
    """Record once that a test reached a switch. pytest names the running test in the environment."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    if (number, test) not in _recorded:
        _recorded.add((number, test))
        with Path(str(_records), str(os.getpid())).open("a", encoding="utf-8") as file:
            file.write(f"{number} {test}\n")
