"""What lies between the entries of a history: whoever applies changes says with what each of them was applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple


class Milestone(NamedTuple):
    """Something that took in all that was changed before a moment, such as “revision 7”, and its page."""

    moment: datetime
    label: str
    url: str


Source = Callable[[datetime], list[Milestone]]  # those after a moment, the oldest first
_sources: list[Source] = []


def register(source: Source) -> None:
    """Let the history name the milestones of a source."""
    _sources.append(source)


def milestones_of(moments: Iterable[datetime]) -> dict[datetime, Milestone | None]:
    """Return for each moment the first milestone that came after it; None where none did yet."""
    wanted = sorted(set(moments))
    if not wanted:
        return {}
    known = sorted((stone for source in _sources for stone in source(wanted[0])), key=lambda stone: stone.moment)
    found: dict[datetime, Milestone | None] = {}
    stones = iter(known)
    stone = next(stones, None)
    for moment in wanted:
        while stone is not None and stone.moment < moment:
            stone = next(stones, None)
        found[moment] = stone
    return found
