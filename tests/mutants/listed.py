"""The mutants that may survive: docs/testing.md lists them, each with its reason."""

from __future__ import annotations

import re
from pathlib import Path

HEADING = "## Mutants that may survive"
_ENTRY = re.compile(r"^- (`[^`]+` `[^`]+`: `[^`]+` → `[^`]+`): (\S.*)$")


class Unreadable(Exception):
    """An entry is not as it must be. ``str()`` says which."""


def listed_survivors(document: Path) -> dict[str, str]:
    """Return the reason of each mutant that is listed, by the mutant's name. Raises ``Unreadable``."""
    section = document.read_text(encoding="utf-8").partition(f"\n{HEADING}\n")[2]
    section = re.split(r"^## ", section, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for entry in re.findall(r"^- .*(?:\n  \S.*)*", section, flags=re.MULTILINE):
        text = " ".join(entry.split())
        match = _ENTRY.match(text)
        if match is None:
            raise Unreadable(f"{document.name}: no mutant and reason: {text}")
        found[match[1]] = match[2]
    return found
