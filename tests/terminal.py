"""A terminal for what is shown on terminals only."""

from __future__ import annotations

import os
import pty
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

PATIENCE = 10.0


class Terminal:
    """A pseudo terminal: ``file`` is what a program writes to."""

    def __init__(self, screen: int, file: TextIO) -> None:
        self._screen = screen
        self.file = file

    def shows(self, text: str) -> bool:
        """Return whether the text appears; what was written passes through the system on its own time."""
        self.file.flush()
        seen = ""
        while text not in seen and select.select([self._screen], [], [], PATIENCE)[0]:
            seen += os.read(self._screen, 1 << 16).decode()
        return text in seen


@contextmanager
def open_terminal() -> Iterator[Terminal]:
    screen, line = pty.openpty()
    termios.tcsetwinsize(line, (24, 80))
    try:
        with os.fdopen(line, "w") as file:
            yield Terminal(screen, file)
    finally:
        os.close(screen)
