"""What a load did, by kind of object, or why the document was refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Count:
    """The numbers of objects of one kind by what was done, and the names of the deleted ones."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: list[str] = field(default_factory=list)


@dataclass
class LoadReport:
    """The counts by kind, in the order in which the kinds were loaded."""

    counts: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))

    def lines(self) -> list[str]:
        """Return one line per kind that has objects, with the names of the deleted ones."""
        lines = []
        for kind, count in self.counts.items():
            if count == Count():
                continue
            deleted = f", {len(count.deleted)} deleted ({', '.join(count.deleted)})" if count.deleted else ""
            lines.append(
                f"{kind}: {count.created} created, {count.changed} changed, {count.unchanged} unchanged{deleted}"
            )
        return lines


class DocumentRefused(Exception):
    """The document was refused and nothing was stored. ``problems`` has a sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} mistake{'' if len(problems) == 1 else 's'} in the document")
        self.problems = problems
