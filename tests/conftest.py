"""Fixtures of all tests: both databases with their tables, and a private MariaDB."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from kamailio_bridge.local.foreign_processes import start_of
from tests.mariadb import MariaDB, free_port, private_mariadb
from tests.scratch import scratch_database


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Create Kamailio's tables, which have no migration, in the test database ``kamailio``."""
    from kamailio_bridge.tables.create import create_missing_tables  # noqa: PLC0415 - needs Django to be set up

    with django_db_blocker.unblock():
        create_missing_tables()


@pytest.fixture(autouse=True)
def kamailio_tables_emptied(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Empty Kamailio's tables after a test that commits: Django's flush skips unmanaged models."""
    yield
    if commits_to_kamailio(request):
        from kamailio_bridge.tables.models import TABLES, Version  # noqa: PLC0415 - needs Django to be set up

        with django_db_blocker.unblock():
            for table in TABLES:
                table.objects.all().delete()
            Version.objects.bulk_create(
                Version(table_name=table._meta.db_table, table_version=table.db_table_version) for table in TABLES
            )


def commits_to_kamailio(request: pytest.FixtureRequest) -> bool:
    """Return whether a test writes to the database ``kamailio`` without a transaction that is rolled back."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        return False
    databases = marker.kwargs.get("databases") or ()
    commits = marker.kwargs.get("transaction", bool(marker.args and marker.args[0]))
    commits = commits or {"transactional_db", "live_server"} & set(request.fixturenames)
    return bool(commits) and (databases == "__all__" or "kamailio" in databases)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """Start a private MariaDB for the tests that create databases."""
    with private_mariadb() as server:
        yield server


@pytest.fixture(params=["sqlite", "mariadb"])
def engine(request: pytest.FixtureRequest) -> str:
    """Run a test once on each database engine."""
    return str(request.param)


@pytest.fixture
def empty_database(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[[str], str]]:
    """Return a function that creates a database on ``engine`` by alias. Mark such tests ``own_database``."""
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())

        def make(name: str) -> str:
            if engine == "mariadb":
                server: MariaDB = request.getfixturevalue("mariadb")
                server.execute(f"CREATE DATABASE {name}")
                stack.callback(server.execute, f"DROP DATABASE {name}")
                url = server.url(name)
            else:
                url = f"sqlite:///{tmp_path / name}.sqlite3"
            return stack.enter_context(scratch_database(name, url))

        yield make


@pytest.fixture
def kamailio_down(settings: Settings) -> Iterator[None]:
    """Point the RPC client at a port that is bound, but where no process listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.DSIPROUTER_RPC_PORT = taken.getsockname()[1]
        yield


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of an instance: a home with a blank in its name, and free ports. Its Kamailio is ended."""
    yield {
        "DSIPROUTER_HOME": str(tmp_path / "a home"),
        "DSIPROUTER_SIP_PORT": str(free_port()),
        "DSIPROUTER_RPC_PORT": str(free_port()),
        "DSIPROUTER_WEB_PORT": str(free_port()),
    }
    for record in tmp_path.rglob("kamailio.started"):
        stored = json.loads(record.read_text(encoding="ascii"))
        if start_of(stored["pid"]) == stored["start"]:
            with suppress(ProcessLookupError):
                os.killpg(stored["pid"], signal.SIGKILL)
