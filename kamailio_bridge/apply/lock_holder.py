"""Whether the holder of the apply lock is still alive, if that can be detected.

MariaDB and MySQL free a named lock when the connection that holds it ends, and the kernel frees a file lock when its
process ends: at once, for whatever reason. Another member of a cluster, or another host, can't detect that: there a
claim holds until it expires.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

FILE = "file"


@contextmanager
def hold_sign_of_life(connection: BaseDatabaseWrapper, token: str) -> Iterator[str]:
    """Hold a sign of life for the holder ``token`` while the block runs. Yields its place, or "" for none.

    Take it before the claim: a claim without a sign of life counts as abandoned.
    """
    if connection.vendor == "mysql":
        with _named_lock(connection, token) as where:
            yield where
    elif _file(connection, token) is not None:
        with _file_lock(_file(connection, token)) as where:
            yield where
    else:
        yield ""


def is_dead(connection: BaseDatabaseWrapper, token: str, where: str) -> bool:
    """Say whether the holder is known to be dead; False if that can't be known."""
    if where == FILE:
        path = _file(connection, token)
        return path is not None and _is_free(path)
    if not where or connection.vendor != "mysql" or where != _server(connection):
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT IS_USED_LOCK(%s) IS NULL", [_name(token)])
        return bool(cursor.fetchone()[0])


def forget(connection: BaseDatabaseWrapper, token: str) -> None:
    """Remove the file of a dead holder."""
    path = _file(connection, token) if connection.vendor == "sqlite" else None
    if path is not None:
        path.unlink(missing_ok=True)


def _name(token: str) -> str:
    return f"dsiprouter-apply-{token}"


@contextmanager
def _named_lock(connection: BaseDatabaseWrapper, token: str) -> Iterator[str]:
    where = ""
    with suppress(DatabaseError), connection.cursor() as cursor:  # some clusters refuse such locks
        cursor.execute("SELECT GET_LOCK(%s, 0)", [_name(token)])
        where = _server(connection) if cursor.fetchone()[0] == 1 else ""
    try:
        yield where
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("DO RELEASE_LOCK(%s)", [_name(token)])


def _server(connection: BaseDatabaseWrapper) -> str:
    """Return what identifies this server among the members of its cluster."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT CONCAT_WS(' ', @@hostname, @@port, @@server_id)")
        return f"server {cursor.fetchone()[0]}"[:200]


def _file(connection: BaseDatabaseWrapper, token: str) -> Path | None:
    """Return the file beside the SQLite database that a holder locks; None for a database in memory."""
    name = str(connection.settings_dict["NAME"])
    return None if "memory" in name else Path(f"{name}-apply-{token}")


@contextmanager
def _file_lock(path: Path | None) -> Iterator[str]:
    assert path is not None  # noqa: S101 - hold_sign_of_life checked it
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield FILE
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _is_free(path: Path) -> bool:
    """Say whether the file is there and nobody holds its lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
