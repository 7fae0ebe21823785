"""A terminal for what is shown on terminals only."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Terminal:
    """A pseudo terminal: ``file`` is what a program writes to, ``seen`` what stands on it."""

    def __init__(self, screen: int, file: TextIO) -> None:
        self._screen = screen
        self.file = file

    def seen(self) -> str:
        """Return all that was written since the last look; something must have been."""
        self.file.flush()
        return os.read(self._screen, 1 << 16).decode()


@contextmanager
def open_terminal() -> Iterator[Terminal]:
    screen, line = pty.openpty()
    termios.tcsetwinsize(line, (24, 80))
    try:
        with os.fdopen(line, "w") as file:
            yield Terminal(screen, file)
    finally:
        os.close(screen)
