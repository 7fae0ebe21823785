"""Files with secrets that are made on first use, readable by their owner only."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path


class HomeUnusable(Exception):
    """The home folder, or a secret in it, can't be used. ``str()`` says why, without a full stop."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


def secret_from_file(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """Return the secret kept in ``path``; make one on first use, with mode 0600. Raises ``HomeUnusable``.

    The file appears under its name only when it is complete (written aside, then linked): two processes that start
    together use one secret.
    """
    try:
        if not path.exists():
            _make_secret(path, make())
        secret = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    except OSError as error:
        raise HomeUnusable(path.parent, f"has the file “{path}”, which can't be used ({reason_of(error)})") from None
    if not secret:
        raise HomeUnusable(
            path.parent, f"has the file “{path}”, which is empty or damaged: put it back from your backup, or remove it"
        )
    return secret


def _make_secret(path: Path, secret: str) -> None:
    draft = _draft(path, secret)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: use its secret
    finally:
        draft.unlink()


def add_secret_line(path: Path, line: str) -> None:
    """Add a line at the top of an existing secret file.

    The file is replaced atomically, keeps its owner, and is on the disk when this returns: what is encrypted with a new
    key afterwards survives a power cut. Concurrent calls wait for each other.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        lines = [line, *path.read_text(encoding="ascii").split()]
        draft = _draft(path, "\n".join(lines))
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(draft, owner.st_uid, owner.st_gid)  # run by root for a site that runs as another user
        draft.replace(path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _draft(path: Path, text: str) -> Path:
    """Write the text to a private file beside ``path``, flush it to the disk and return its path."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    return Path(draft)


def reason_of(error: Exception) -> str:
    """Return the operating system's message for a file error."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
