"""A pseudo terminal, for output that only terminals get."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import tempfile
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tests.mariadb import program

PATIENCE = 10.0
# Of Linux: unlock the other end, and ask for its number.
TIOCSPTLCK, TIOCGPTN = 0x40045431, 0x80045430


class Terminal:
    """A pseudo terminal: ``file`` is what a program writes to."""

    def __init__(self, screen: int, file: TextIO) -> None:
        self._screen = screen
        self.file = file

    def shows(self, text: str) -> bool:
        """Return whether the text appears in time; output arrives with a delay."""
        self.file.flush()
        seen = ""
        while text not in seen and select.select([self._screen], [], [], PATIENCE)[0]:
            seen += os.read(self._screen, 1 << 16).decode()
        return text in seen


def open_pair() -> tuple[int, int]:
    """Open both ends of a pseudo terminal, also where /dev/pts is not mounted, as in a bare root folder."""
    try:
        return pty.openpty()
    except OSError:
        if os.getuid() != 0:
            raise
    with tempfile.TemporaryDirectory(prefix="devpts-") as folder:
        subprocess.run(
            [program("mount", "mount"), "-t", "devpts", "-o", "newinstance,ptmxmode=0600", "devpts", folder], check=True
        )
        try:
            screen = os.open(f"{folder}/ptmx", os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(screen, TIOCSPTLCK, struct.pack("i", 0))
            (number,) = struct.unpack("i", fcntl.ioctl(screen, TIOCGPTN, struct.pack("i", 0)))
            return screen, os.open(f"{folder}/{number}", os.O_RDWR | os.O_NOCTTY)
        finally:
            # Lazily: it goes when both ends are closed.
            subprocess.run([program("umount", "mount"), "--lazy", folder], check=True)


@contextmanager
def open_terminal() -> Iterator[Terminal]:
    screen, line = open_pair()
    termios.tcsetwinsize(line, (24, 80))
    try:
        with os.fdopen(line, "w") as file:
            yield Terminal(screen, file)
    finally:
        os.close(screen)
