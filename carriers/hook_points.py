"""Places where an app above the carriers adds something: the carriers call what was added, and know none of it by name.

``carriers.admin.hooks`` lists the places in the pages; the history (``milestones``) and the re-encryption of passwords
(``reencrypt``) have one each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class HookPoint(Generic[P, R]):
    """One place, with the functions that were added to it: its hooks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._hooks: list[tuple[int, Callable[P, R]]] = []

    def add(self, hook: Callable[P, R], *, order: int = 0) -> None:
        """Add a hook. Lower orders come first, and within one order the hook that was added first."""
        self._hooks.append((order, hook))
        self._hooks.sort(key=itemgetter(0))

    def call(self, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """Call each hook, and return what they return, in order."""
        return [hook(*args, **kwargs) for _, hook in self._hooks]

    @contextmanager
    def temporarily(self, hook: Callable[P, R], *, order: int = 0) -> Iterator[None]:
        """Add a hook for the time of a block: for tests."""
        before = self._hooks.copy()
        self.add(hook, order=order)
        try:
            yield
        finally:
            self._hooks = before
