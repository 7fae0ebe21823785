"""Readiness of the site: databases that can't be reached or written, full disks, old tables.

``/readyz`` is public: the sentences name tables and commands, but no host, user, path or value.
"""

from __future__ import annotations

import errno
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from kamailio_bridge.modules.tables_in_use import table_problems, tables_in_use
from kamailio_bridge.tables.models import Version
from kamailio_bridge.tables.problems import name_of

logger = logging.getLogger(__name__)

LOCK_SECONDS = 3  # an ordinary edit holds a lock for less
MIN_FREE_BYTES = 32 * 1024 * 1024  # a reload of a large site writes this much
LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")
# Messages of databases, and their meaning. The first match counts.
_CAUSES = (
    (("lock",), "is locked by another program: its process list, or that program, shows for how long."),
    (("readonly", "read-only", "read only", "denied"), "is read-only: the site can show, but not save or reload."),
    (("full", "no space", "i/o error"), "has no room on its disk: free some space."),
)
_MISSING = ("no such table", "doesn't exist")


def readiness_problems() -> list[str]:
    """Return a sentence for each reason why the site is not ready."""
    unreachable = [alias for alias in connections if not _is_reachable(alias)]
    reasons = [f"The database “{alias}” can't be reached; the site's log says why." for alias in unreachable]
    for alias, tables in (("default", ["django_migrations"]), ("kamailio", _written_tables())):
        if alias not in unreachable:
            reasons += filter(None, [write_problem(alias, tables)])
    reasons += disk_problems([alias for alias in connections if alias not in unreachable])
    if "default" not in unreachable:
        missing = unapplied_migrations()
        if missing:
            reasons.append(f"{len(missing)} migrations are not applied, from {missing[0]}: run manage.py migrate.")
    if "kamailio" not in unreachable:
        reasons += table_problems()
    return reasons


def unapplied_migrations() -> list[str]:
    """Return the migrations of this version that are not applied, as ``app.name``."""
    applied = MigrationRecorder(connections["default"]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _migrations() if (app, name) not in applied)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Read the migrations once, because a running version's files don't change."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def _is_reachable(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("The database “%s” can't be reached: %s", alias, error.args[-1] if error.args else error)
        return False
    return True


# --- Writable databases -----------------------------------------------------------------------------------------------


def _written_tables() -> list[str]:
    return [name_of(table) for table in tables_in_use() if table is not Version]


def write_problem(alias: str, tables: Sequence[str]) -> str:
    """Return why one of the tables can't be written now, or an empty text.

    Deleting no row changes nothing, but needs the lock and the privileges of a change.
    """
    connection = connections[alias]
    try:
        with connection.cursor() as cursor, _short_lock_timeout(cursor, connection.vendor):
            for table in tables:
                _delete_nothing(cursor, connection.ops.quote_name(table))
    except DatabaseError as error:
        said = str(error.args[-1] if error.args else error)
        logger.warning("The database “%s” can't be written: %s", alias, said)
        for signs, sentence in _CAUSES:
            if any(sign in said.lower() for sign in signs):
                return f"The database “{alias}” {sentence}"
        return f"The database “{alias}” can't be written; the site's log says why."
    return ""


def _delete_nothing(cursor: CursorWrapper, quoted_table: str) -> None:
    """Raise the error of a change; ignore a missing table, which is reported elsewhere."""
    try:
        cursor.execute(f"DELETE FROM {quoted_table} WHERE 1 = 0")  # noqa: S608 - a name of ours, quoted
    except DatabaseError as error:
        if not any(sign in str(error).lower() for sign in _MISSING):
            raise


@contextmanager
def _short_lock_timeout(cursor: CursorWrapper, vendor: str) -> Iterator[None]:
    """Wait ``LOCK_SECONDS`` for locks in the block, because probes do not wait longer."""
    if vendor == "sqlite":
        cursor.execute("PRAGMA busy_timeout")
        (before,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")
    else:
        cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}")
        try:
            yield
        finally:
            cursor.execute("SET SESSION lock_wait_timeout = DEFAULT")


# --- Disk space -------------------------------------------------------------------------------------------------------


def disk_problems(aliases: Sequence[str]) -> list[str]:
    """Return a sentence for each full or read-only disk: of the home folder, and of databases on this machine."""
    home = Path(settings.DSIPROUTER_HOME)
    problems = [disk_problem(home, "the home folder", write=True)]
    for alias in aliases:
        folder = _folder(alias)
        if folder is not None and folder != home:
            is_ours = connections[alias].vendor == "sqlite"
            problems.append(disk_problem(folder, f"the database “{alias}”", write=is_ours))
    return [problem for problem in problems if problem]


def disk_problem(folder: Path, whose: str, *, write: bool) -> str:
    """Return why the disk of a folder can't be written, or an empty text; ``write`` tries a small file."""
    try:
        free = shutil.disk_usage(folder).free
        if write:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0" * 4096)
    except OSError as error:
        logger.warning("The disk of %s can't be written: %s", whose, error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"The disk of {whose} is full: make room."
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return f"The disk of {whose} is read-only."
        return f"The disk of {whose} can't be written; the site's log says why."
    if free < MIN_FREE_BYTES:
        return f"The disk of {whose} is full: less than {MIN_FREE_BYTES // 1024 // 1024} MB are left. Make room."
    return ""


def _folder(alias: str) -> Path | None:
    """Return the folder of a database's files, if it is on this machine and accessible."""
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return Path(connection.settings_dict["NAME"]).resolve().parent
    host = str(connection.settings_dict["HOST"])
    if host not in LOCAL_HOSTS and not host.startswith("/"):
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@datadir")
            folder = Path(cursor.fetchone()[0])
        return folder if folder.exists() else None
    except (DatabaseError, OSError):
        return None
