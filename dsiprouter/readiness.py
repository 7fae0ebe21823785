"""Why the site is not ready, in sentences: databases that can't be reached or written, full disks, old tables.

Anybody may read it at ``/readyz``: the sentences name tables and commands, and no host, user, path or value.
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

LOCK_SECONDS = 3  # longer than an ordinary edit holds a lock
ROOM = 32 * 1024 * 1024  # bytes: less is full, because a reload of a large site writes as much
LOCAL_HOSTS = ("", "localhost", "127.0.0.1", "::1")
# What databases say, and what it means. In this order, because some say two things.
_CAUSES = (
    (("lock",), "is locked by another program: its process list, or that program, shows for how long."),
    (("readonly", "read-only", "read only", "denied"), "is read-only: the site can show, but not save or reload."),
    (("full", "no space", "i/o error"), "has no room on its disk: free some space."),
)
_MISSING = ("no such table", "doesn't exist")


def not_ready_because() -> list[str]:
    """Return a sentence for each reason why the site is not ready."""
    unreachable = [alias for alias in connections if not _is_reachable(alias)]
    reasons = [f"The database “{alias}” can't be reached; the site's log says why." for alias in unreachable]
    for alias, tables in (("default", ["django_migrations"]), ("kamailio", _written_tables())):
        if alias not in unreachable:
            reasons += filter(None, [write_problem(alias, tables)])
    reasons += room_problems([alias for alias in connections if alias not in unreachable])
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
    """Read the migrations once: files of a running version don't change."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def _is_reachable(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("The database “%s” can't be reached: %s", alias, error.args[-1] if error.args else error)
        return False
    return True


# --- Whether a database can be written --------------------------------------------------------------------------------


def _written_tables() -> list[str]:
    return [name_of(table) for table in tables_in_use() if table is not Version]


def write_problem(alias: str, tables: Sequence[str]) -> str:
    """Say why one of the tables can't be written now, or return an empty text.

    Deleting no row changes nothing, but needs what every change needs: the lock, and the privilege to write.
    """
    connection = connections[alias]
    try:
        with connection.cursor() as cursor, _short_of_patience(cursor, connection.vendor):
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
    """Raise what a change would raise; a missing table is reported elsewhere."""
    try:
        cursor.execute(f"DELETE FROM {quoted_table} WHERE 1 = 0")  # noqa: S608 - a name of ours, quoted
    except DatabaseError as error:
        if not any(sign in str(error).lower() for sign in _MISSING):
            raise


@contextmanager
def _short_of_patience(cursor: CursorWrapper, vendor: str) -> Iterator[None]:
    """Wait for a lock a few seconds only, because probes do not wait longer."""
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


# --- Whether there is room --------------------------------------------------------------------------------------------


def room_problems(aliases: Sequence[str]) -> list[str]:
    """Say which disks are full, or can't be written: of the home folder, and of databases on this machine."""
    home = Path(settings.DSIPROUTER_HOME)
    problems = [room_problem(home, "the home folder", write=True)]
    for alias in aliases:
        folder = _folder(alias)
        if folder is not None and folder != home:
            is_ours = connections[alias].vendor == "sqlite"
            problems.append(room_problem(folder, f"the database “{alias}”", write=is_ours))
    return [problem for problem in problems if problem]


def room_problem(folder: Path, whose: str, *, write: bool) -> str:
    """Say that the disk of a folder is full or can't be written; ``write`` tries it with a small file."""
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
    if free < ROOM:
        return f"The disk of {whose} is full: less than {ROOM // 1024 // 1024} MB are left. Make room."
    return ""


def _folder(alias: str) -> Path | None:
    """Return the folder of a database's files, if they are on this machine and can be looked at."""
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
