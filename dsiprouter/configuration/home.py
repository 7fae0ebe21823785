"""The instance's home folder: its databases, secrets and Kamailio's run files.

``DSIPROUTER_HOME`` is its path. Secrets that are not in the environment are generated there once, readable by the owner
only: a laptop needs no configuration, and two homes never share a key.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from carriers.passwords.secret_files import HomeUnusable, reason_of


def prepare_home(path: Path) -> Path:
    """Create the home folder, closed to other users, and return its absolute path. Raises ``HomeUnusable``."""
    try:
        path = path.expanduser().resolve()
        if not path.exists():
            path.mkdir(parents=True, mode=0o700)
    except (OSError, RuntimeError) as error:
        raise HomeUnusable(path, f"is “{path}”, which can't be made ({reason_of(error)})") from None
    if not path.is_dir():
        raise HomeUnusable(path, f"is “{path}”, which is no folder")
    return path


def keep_files_closed() -> None:
    """Set the umask of this process and its children: only the owner can read databases, logs and secrets."""
    os.umask(os.umask(0o077) | 0o077)


def close_files(home: Path) -> None:
    """Close files in the home folder that an earlier version left open. Files of other owners stay as they are."""
    for path in [home, *home.rglob("*")]:
        try:
            status = path.lstat()
            if status.st_uid == os.geteuid() and status.st_mode & 0o077 and not stat.S_ISLNK(status.st_mode):
                path.chmod(status.st_mode & 0o700)
        except FileNotFoundError:
            continue  # a database's journal comes and goes
