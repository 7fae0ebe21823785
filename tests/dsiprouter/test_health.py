"""Answers for load balancers and supervisors: alive without any database, ready only with both as they must be."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import MySQLdb
import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from dsiprouter.readiness import write_problem
from kamailio_bridge.tables.models import Version
from tests.mariadb import MariaDB
from tests.namespaces import in_namespace
from tests.scratch import run_sql, scratch_database

both_databases = pytest.mark.django_db(databases=["default", "kamailio"])
both_databases_for_others_to_see = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


def test_healthz_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")  # without a database fixture any query would be an error
    assert (answer.status_code, answer.json()) == (200, {"healthy": True})
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/healthz").status_code == 405


@both_databases
def test_ready_with_a_few_queries_for_anybody(client: Client) -> None:
    client.get("/readyz")
    with (
        CaptureQueriesContext(connections["default"]) as default,
        CaptureQueriesContext(connections["kamailio"]) as kamailio,
    ):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})
    assert len(default) + len(kamailio) <= 26
    assert client.post("/readyz").status_code == 405


@both_databases
def test_a_migration_that_is_not_applied(client: Client) -> None:
    MigrationRecorder(connections["default"]).record_unapplied("carriers", "0001_initial")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == [
        "1 migrations are not applied, from carriers.0001_initial: run manage.py migrate."
    ]


@both_databases
def test_a_table_that_kamailio_could_not_read(client: Client) -> None:
    Version.objects.filter(table_name="mtree").update(table_version=8)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0].startswith("Table “mtree” in the database “kamailio” has version 8")


@both_databases
def test_a_database_that_is_down_is_named_and_nothing_else_is_told(
    client: Client, django_db_blocker: DjangoDbBlocker, caplog: pytest.LogCaptureFixture
) -> None:
    url = "mysql://somebody:hidden-word@127.0.0.1:1/kamailio"
    with django_db_blocker.unblock(), scratch_database("away", url), caplog.at_level(logging.WARNING):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "reasons": ["The database “away” can't be reached; the site's log says why."],
    }
    assert "Can't connect" in caplog.text
    assert "hidden-word" not in caplog.text


@both_databases_for_others_to_see
@pytest.mark.parametrize("alias", ["default", "kamailio"])
def test_a_database_that_another_program_holds(client: Client, alias: str) -> None:
    with holding(alias):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert reason.startswith(f"The database “{alias}” is locked by another program")
    assert client.get("/readyz").status_code == 200, "the connection waits as long as before, and works"


@contextmanager
def holding(alias: str) -> Iterator[None]:
    """Hold a database's lock as another program does: a writer of SQLite, a backup of MariaDB."""
    values = connections[alias].settings_dict
    if connections[alias].vendor == "sqlite":
        other = sqlite3.connect(values["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = MySQLdb.connect(
            host=values["HOST"], port=int(values["PORT"]), user=values["USER"], password=values["PASSWORD"],
            database=values["NAME"],
        )  # fmt: skip
        table = "django_migrations" if alias == "default" else "mtree"
        other.query(f"LOCK TABLES {table} READ")
    try:
        yield
    finally:
        other.close()


@pytest.mark.own_database
def test_a_read_only_database(engine: str, empty_database: Callable[[str], str], mariadb: MariaDB) -> None:
    alias = empty_database("frozen")
    run_sql(alias, "CREATE TABLE things (id INTEGER)")
    assert write_problem(alias, ["things", "no_such_table"]) == ""
    said = f"The database “{alias}” is read-only: the site can show, but not save or reload."
    if engine == "sqlite":
        run_sql(alias, "PRAGMA query_only = ON")
        assert write_problem(alias, ["things"]) == said
        return
    mariadb.execute(
        "CREATE USER limited IDENTIFIED BY 'word'; GRANT ALL ON frozen.* TO limited; SET GLOBAL read_only = 1"
    )
    limited = f"mysql://limited:word@127.0.0.1:{mariadb.port}/frozen"
    try:
        with scratch_database("limited", limited):
            assert write_problem("limited", ["things"]) == said.replace(alias, "limited")
            mariadb.execute("SET GLOBAL read_only = 0; REVOKE DELETE ON frozen.* FROM limited")
            connections["limited"].close()
            assert write_problem("limited", ["things"]) == said.replace(alias, "limited")
    finally:
        mariadb.execute("SET GLOBAL read_only = 0; DROP USER limited")


FULL_DISK = """
import os
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from dsiprouter.readiness import MIN_FREE_BYTES
call_command("migrate", verbosity=0)
call_command("create_kamailio_tables", verbosity=0, stdout=open(os.devnull, "w"))
ask = lambda: print(Client().get("/readyz", headers={"host": "localhost"}).content.decode())
ask()
filler = Path(os.environ["DSIPROUTER_HOME"], "filler").open("wb")
def fill_until(left):
    while os.statvfs(filler.fileno()).f_bavail * os.statvfs(filler.fileno()).f_frsize > left:
        filler.write(bytes(65536))
        filler.flush()
fill_until(MIN_FREE_BYTES - 1)
ask()
try:
    fill_until(0)
except OSError:
    pass
ask()
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """A real one: a file system of its own in the memory, filled to the brim."""
    said = in_namespace(
        "mount",
        f"mount -t tmpfs -o size=96m,mode=0700 none {tmp_path}",
        f"{sys.executable} -W ignore -c '{FULL_DISK}'",
        env={
            "DSIPROUTER_HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path}/dsiprouter.sqlite3",
            "KAMAILIO_DATABASE_URL": f"sqlite:///{tmp_path}/kamailio.sqlite3",
        },
    )
    roomy, tight, full = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert roomy == {"ready": True, "reasons": []}
    assert tight["reasons"] == ["The disk of the home folder is full: less than 32 MB are left. Make room."]
    assert "The disk of the home folder is full: make room." in full["reasons"]


def test_a_disk_that_can_not_be_written(tmp_path: Path) -> None:
    look = (
        "from pathlib import Path; from dsiprouter.readiness import disk_problem;"
        f'print(disk_problem(Path("{tmp_path}"), "the home folder", write=True))'
    )
    django = "import django; django.setup();"
    said = in_namespace(
        "mount",
        f"mount -t tmpfs -o size=96m,ro none {tmp_path}",
        f"{sys.executable} -c '{django}{look}'",
        env={"DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert said.splitlines()[-1] == "The disk of the home folder is read-only."


def test_behind_tls_neighbours_ask_without_it(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz/x").status_code == 301
    assert client.get("/admin/").status_code == 301
