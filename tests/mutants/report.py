"""What a hunt found, beside the mutants that may survive: docs/testing.md lists them, each with its reason."""

from __future__ import annotations

import re
from pathlib import Path

from tests.mutants.hunt import Hunt, Verdict

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


def show(verdict: Verdict) -> None:
    mutant = verdict.mutant
    result = f"killed by {verdict.killer} ({verdict.how})" if verdict.killed else f"SURVIVED {verdict.tests} tests"
    change = f"{mutant.path}:{mutant.line} {mutant.function}: {mutant.before} → {mutant.after}"
    print(f"{change}: {result}, {verdict.seconds:.1f} s", flush=True)


def conclude(hunt: Hunt, listed: dict[str, str]) -> int:
    """Print the survivors and the figures; 0 if every mutant was tried, and each survivor is listed."""
    survivors = [verdict for verdict in hunt.verdicts.values() if not verdict.killed]
    unlisted = [verdict for verdict in survivors if verdict.mutant.name not in listed]
    for verdict in survivors:
        mutant, reason = verdict.mutant, listed.get(verdict.mutant.name)
        print(f"\n{mutant.path}:{mutant.line} {mutant.function}: {mutant.kind}, {verdict.tests} tests\n{mutant.diff}")
        print(f"  listed: {reason}" if reason else f"  not listed: {mutant.name}")
    for verdict in hunt.verdicts.values():
        if verdict.killed and verdict.mutant.name in listed:
            print(f"\nlisted, but killed by {verdict.killer}: {verdict.mutant.name}")
    for test in sorted(hunt.unreliable):
        print(f"\nfailed without a mutant, too, so it killed none: {test}")
    for error in hunt.errors:
        print(f"\nA worker ended: {error}")
    tried, killed = len(hunt.verdicts), len(hunt.verdicts) - len(survivors)
    share = f" ({100 * killed / tried:.1f} %)" if tried else ""
    print(
        f"\n{killed} of {tried} mutants killed{share}, {len(survivors)} survived, {len(unlisted)} of them not listed in"
        f" docs/testing.md"
    )
    missing = len(hunt.mutants) - tried
    if missing:
        print(f"{missing} were not tried within the limit: raise LIMIT or lower SIZE.")
    return 1 if missing or unlisted else 0
