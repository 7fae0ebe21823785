"""The error of reading Kamailio's tables, with its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError

from carriers.databases.errors import sentence_of


class TablesUnreadable(Exception):
    """Kamailio's tables, or what is compared with them, can't be read. ``str()`` is a sentence for the operator."""


@contextmanager
def reading(what: str = "Kamailio's tables") -> Iterator[None]:
    """Turn a database error of the block into ``TablesUnreadable``: ``what`` can't be read, why, and what to do."""
    try:
        yield
    except DatabaseError as error:
        raise TablesUnreadable(f"{what} can't be read. {sentence_of(error)}") from error
