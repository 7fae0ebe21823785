"""Databases besides the two of the settings, for tests that create and break tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from django.db import connections

from dsiprouter.settings import database


@contextmanager
def scratch_database(alias: str, url: str) -> Iterator[str]:
    """Let Django know the database at ``url`` as ``alias``, with the options that the product's settings give it."""
    with patch.dict(os.environ, {"KAMAILIO_DATABASE_URL": url}):
        connections.settings[alias] = database("KAMAILIO_DATABASE_URL", "")
    connections.configure_settings(connections.settings)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


def run_sql(alias: str, script: str) -> None:
    """Run statements that are separated by semicolons."""
    with connections[alias].cursor() as cursor:
        for statement in script.split(";"):
            if statement.strip():
                cursor.execute(statement)
