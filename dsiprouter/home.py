"""The instance's home folder: its databases, secrets and Kamailio's run files.

``DSIPROUTER_HOME`` names it. Secrets that the environment does not give are generated there once, readable by the
owner only, so that a laptop needs no configuration and two homes never share a key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def prepare_home(path: Path) -> Path:
    """Make the home folder, closed to other users, and return its absolute path."""
    path = path.expanduser().resolve()
    if not path.exists():
        path.mkdir(parents=True, mode=0o700)
    return path


def secret_from_file(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """Return the secret kept in ``path``; make one on first use, with mode 0600.

    The file appears under its name only when it is complete (written aside, then linked), so that two processes that
    start together agree on one secret.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(make() + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secret counts
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
