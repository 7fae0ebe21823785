"""Sentences for database errors, which name the setting and the remedy.

The driver's message names hosts and users. It is for the terminal and the log; pages show ``page_sentence``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

VARIABLES = {"default": "DATABASE_URL", "kamailio": "KAMAILIO_DATABASE_URL"}


class _Kind(NamedTuple):
    """A kind of error: what it is, what to do, and how databases report it."""

    what: str
    remedy: str
    codes: frozenset[int]
    words: str


_KINDS = (
    _Kind(
        "can't be reached",
        "Check that its server runs, and what {variable} says; then try again",
        frozenset({1040, 1047, 1053, 1129, 1130, 1203, 1927, 2002, 2003, 2005, 2006, 2013, 2026}),
        "server has gone away|lost connection",
    ),
    _Kind(
        "can't be opened",
        "Check that its file and folder ({variable}) are there, and that this user may write to both; the file system"
        " may be read-only",
        frozenset(),
        "unable to open database file",
    ),
    _Kind(
        "refuses the login, or does not exist",
        "Check user, password and name in {variable}, and the user's privileges",
        frozenset({1044, 1045, 1049, 1142, 1143, 1227, 1698}),
        "access denied|unknown database",
    ),
    _Kind(
        "is full",
        "Make room on its disk; then try again",
        frozenset({3, 28, 1021, 1041, 1114}),
        "database or disk is full|no space left|table .* is full",
    ),
    _Kind(
        "is read-only",
        "Make it writable again: the server may be a replica or just starting, or the file system may be read-only",
        frozenset({1036, 1290, 1792, 1836}),
        "readonly database|read.only",
    ),
    _Kind(
        "is held by another program",
        "Wait until that has ended; then try again",
        frozenset({1205, 1213}),
        "database is locked|database table is locked|deadlock",
    ),
    _Kind(
        "is damaged",
        "Restore it from a backup, or ask whoever runs its server",
        frozenset({126, 127, 144, 145, 1033, 1034, 1194, 1195, 1712}),
        "malformed|not a database",
    ),
    _Kind(
        "can't be read or written on its disk",
        "Look at that disk: it may be full, or failing",
        frozenset({1026, 1030}),
        "disk i/o error",
    ),
    _Kind(
        "can't hold these characters, because its tables have another character set than utf8mb4",
        "Convert it: ALTER DATABASE … CHARACTER SET utf8mb4, and for each table ALTER TABLE … CONVERT TO CHARACTER SET"
        " utf8mb4",
        frozenset({1253, 1267, 1270, 1271, 1366, 3988, 4025}),
        "incorrect string value|illegal mix of collations",
    ),
    _Kind(
        "lacks the tables of this version",
        "{tables}",
        frozenset({1054, 1146, 1364, 1051}),
        "no such table|no such column|has no column",
    ),
)
_TABLES = {"default": "Run manage.py migrate", "kamailio": "Run manage.py create_kamailio_tables"}


def alias_of(error: Error) -> str | None:
    """Return the alias of the database that failed, None if unknown."""
    aliases = [alias for each in _chain(error) for alias in _aliases(each.__traceback__)]
    return aliases[-1] if aliases else None


def sentence_of(error: Error) -> str:
    """Return what is wrong and what to do, with the driver's message."""
    alias, kind = alias_of(error), kind_of(error)
    name = f"The database “{alias}” ({VARIABLES.get(alias, alias)})" if alias else "A database"
    words = driver_message(error)
    if kind is None:
        return f"{name} refused: {words}"
    return f"{name} {kind.what}: {words} {_remedy(kind, alias)}."


def page_sentence(error: Error) -> str:
    """Return what is wrong, without hosts and users."""
    kind = kind_of(error)
    return f"The database {kind.what if kind is not None else 'refused'}."


def kind_of(error: Error) -> _Kind | None:
    """Return the kind of error, None for an unknown one."""
    code = error.args[0] if error.args and isinstance(error.args[0], int) else None
    text = str(error).lower()
    for kind in _KINDS:
        if code in kind.codes or (code is None and re.search(kind.words, text)):
            return kind
    return None


def driver_message(error: Error) -> str:
    """Return the driver's message as one line that ends in a full stop."""
    text = " ".join(str(error.args[-1] if error.args else error).split()) or type(error).__name__
    return text if text.endswith((".", "!")) else f"{text}."


def _remedy(kind: _Kind, alias: str | None) -> str:
    variable = VARIABLES.get(alias or "", "DATABASE_URL and KAMAILIO_DATABASE_URL")
    tables = _TABLES.get(alias or "", "Run manage.py migrate and manage.py create_kamailio_tables")
    return kind.remedy.format(variable=variable, tables=tables)


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def _aliases(traceback: TracebackType | None) -> Iterator[str]:
    """Yield the aliases of the connections and cursors in a traceback, outermost call first."""
    while traceback is not None:
        worker = traceback.tb_frame.f_locals.get("self")
        if isinstance(worker, CursorWrapper):
            worker = worker.db
        if isinstance(worker, BaseDatabaseWrapper):
            yield str(worker.alias)
        traceback = traceback.tb_next
