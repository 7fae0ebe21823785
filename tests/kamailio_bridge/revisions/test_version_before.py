"""Databases that the last version left: after an upgrade nothing changes that calls notice, and a roll back works.

``version_before.json`` has what that version stored, and wrote into Kamailio's tables, for carriers of every kind.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from kamailio_bridge.tables.models import TABLES
from tests.deploy.places import ROOT

LEFT = json.loads(Path(__file__).with_name("version_before.json").read_text(encoding="utf-8"))
MIGRATIONS = {"carriers": "0004_names_composed_and_addresses_as_ipv4", "kamailio_bridge": "0010_mark_applied_entries"}
pytestmark = pytest.mark.own_database


@pytest.fixture
def manage(
    engine: str, request: pytest.FixtureRequest, empty_database: Callable[[str], str], tmp_path: Path
) -> Callable[..., str]:
    """Return a function that runs a command of manage.py on the databases that the last version left."""
    names = {"DATABASE_URL": "left_app", "KAMAILIO_DATABASE_URL": "left_kamailio"}
    for name in names.values():
        empty_database(name)
    if engine == "mariadb":
        urls = {key: request.getfixturevalue("mariadb").url(name) for key, name in names.items()}
    else:
        urls = {key: f"sqlite:///{tmp_path / name}.sqlite3" for key, name in names.items()}
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    environment = {"PATH": "/usr/bin:/bin", "DSIPROUTER_HOME": str(home), **urls}
    environment["DSIPROUTER_CREDENTIAL_KEYS"] = LEFT["credential_key"]

    def run(*arguments: str, text: str = "") -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=text, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for app, migration in MIGRATIONS.items():
        run("migrate", "-v", "0", app, migration)
    run("create_kamailio_tables")
    for table in {table._meta.db_table for table in TABLES} - {*LEFT["kamailio"], "version"}:
        execute("left_kamailio", f"DROP TABLE {table}")
        execute("left_kamailio", f"DELETE FROM version WHERE table_name = '{table}'")  # noqa: S608 - ours
    fill("left_app", LEFT["dsiprouter"])
    fill("left_kamailio", LEFT["kamailio"])
    return run


def execute(alias: str, statement: str, values: list[Any] | None = None) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement, values)


def fill(alias: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Store rows as the last version did, without the current models."""
    with connections[alias].constraint_checks_disabled():
        for table, content in tables.items():
            quote = connections[alias].ops.quote_name
            execute(alias, f"DELETE FROM {table}")  # noqa: S608 - rows that a migration made
            columns = ", ".join(quote(column) for column in content["columns"])
            places = ", ".join(["%s"] * len(content["columns"]))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours
            for row in content["rows"]:
                execute(
                    alias,
                    statement,
                    [base64.b64decode(cell["base64"]) if isinstance(cell, dict) else cell for cell in row],
                )


def kamailio_rows() -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of all tables that the last version wrote."""
    rows = {}
    with connections["left_kamailio"].cursor() as cursor:
        for table in LEFT["kamailio"]:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - ours
            rows[table] = list(cursor.fetchall())
    return rows


def test_an_upgrade_changes_nothing_and_can_go_back(manage: Callable[..., str]) -> None:
    before = kamailio_rows()
    assert all(before.values())
    manage("migrate", "-v", "0")
    manage("create_kamailio_tables")
    assert "No changes pending." in manage("plan_kamailio")
    assert kamailio_rows() == before
    everything = manage("dump_carriers")
    changed = """
carrier_groups:
  - name: Plain
    endpoints: [{host: 203.0.113.99}]
    failover: {max_attempts: 2}
    identity: {asserted_identity: caller}
  - name: New
    endpoints: [{host: sip.new.example, port: null}]
"""
    manage("load_carriers", "-", text=changed)
    assert "No changes pending." not in manage("plan_kamailio")
    manage("roll_back", "1", "--yes")
    assert "No changes pending." in manage("plan_kamailio")
    assert manage("dump_carriers") == everything
    assert kamailio_rows() == before
