"""The instance's home folder: its databases, secrets and Kamailio's run files.

``DSIPROUTER_HOME`` names it. Secrets that the environment does not give are generated there once, readable by the
owner only, so that a laptop needs no configuration and two homes never share a key.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path


class HomeUnusable(Exception):
    """The home folder, or a secret in it, can't be used. ``str()`` says why, without a full stop."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


def prepare_home(path: Path) -> Path:
    """Make the home folder, closed to other users, and return its absolute path. Raises ``HomeUnusable``."""
    try:
        path = path.expanduser().resolve()
        if not path.exists():
            path.mkdir(parents=True, mode=0o700)
    except (OSError, RuntimeError) as error:
        raise HomeUnusable(path, f"is “{path}”, which can't be made ({_reason(error)})") from None
    if not path.is_dir():
        raise HomeUnusable(path, f"is “{path}”, which is no folder")
    return path


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def keep_files_closed() -> None:
    """Let this process and its children make files that only their owner can read: databases, logs and secrets."""
    os.umask(os.umask(0o077) | 0o077)


def close_files(home: Path) -> None:
    """Close what an earlier version left open in the home folder. What belongs to somebody else stays as it is."""
    for path in [home, *home.rglob("*")]:
        try:
            status = path.lstat()
            if status.st_uid == os.geteuid() and status.st_mode & 0o077 and not stat.S_ISLNK(status.st_mode):
                path.chmod(status.st_mode & 0o700)
        except FileNotFoundError:
            continue  # a database's journal comes and goes


def secret_from_file(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """Return the secret kept in ``path``; make one on first use, with mode 0600. Raises ``HomeUnusable``.

    The file appears under its name only when it is complete (written aside, then linked), so that two processes that
    start together agree on one secret.
    """
    try:
        if not path.exists():
            _make_secret(path, make())
        secret = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    except OSError as error:
        raise HomeUnusable(path.parent, f"has the file “{path}”, which can't be used ({_reason(error)})") from None
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
        pass  # another process was first: its secret counts
    finally:
        draft.unlink()


def add_secret_line(path: Path, line: str) -> None:
    """Put a line in front of those of a secret file that is there.

    Readers see the old file or the new one, it keeps its owner, and it is on the disk when this returns: what is
    encrypted with a new key afterwards can be read after a power cut, too. Two processes wait for each other.
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
    """Write the text to a file beside ``path`` that only we can read, down to the disk."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    return Path(draft)
