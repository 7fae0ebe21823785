"""The command, as an operator runs it: a process of its own on a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.tables.models import Version
from tests.kamailio_bridge.stock import make_stock_tables
from tests.mariadb import MariaDB

pytestmark = pytest.mark.own_database

ROOT = Path(__file__).resolve().parents[3]
OURS = "dsiprouter_policy, dsiprouter_header, dsiprouter_name"
ALL = f"version, dispatcher, mtree, address, uacreg, htable, {OURS}, dr_gateways, dr_gw_lists, dr_rules"

Run = Callable[[], subprocess.CompletedProcess[str]]


@pytest.fixture
def alias(empty_database: Callable[[str], str]) -> str:
    return empty_database("commanded")


@pytest.fixture
def run(alias: str, engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Return a function that runs the command on the database ``alias``."""
    name = connections[alias].settings_dict["NAME"]
    if engine == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.url(str(name))
    else:
        url = f"sqlite:///{name}"
    environment = {**os.environ, "DSIPROUTER_HOME": str(tmp_path / "home"), "KAMAILIO_DATABASE_URL": url}
    environment["DJANGO_SETTINGS_MODULE"] = "dsiprouter.settings"

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", "create_kamailio_tables"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_it_says_what_it_made_and_found(run: Run) -> None:
    first, second = run(), run()
    assert (first.returncode, first.stdout, first.stderr) == (0, f"Made: {ALL}.\n", "")
    assert (second.returncode, second.stdout, second.stderr) == (0, f"Already there, left as they are: {ALL}.\n", "")


def test_it_fails_on_a_version_that_it_does_not_know(run: Run, alias: str) -> None:
    make_stock_tables(alias)
    Version.objects.using(alias).filter(table_name="htable").update(table_version=1)
    connections[alias].close()
    result = run()
    assert result.returncode == 1
    assert result.stdout == f"Already there, left as they are: {ALL}.\n"
    assert "Table “htable” in the database “kamailio” has version 1; this product knows 2" in result.stderr
    assert Version.objects.using(alias).get(table_name="htable").table_version == 1


def test_it_says_that_a_database_can_not_be_reached(tmp_path: Path) -> None:
    environment = {**os.environ, "DSIPROUTER_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dsiprouter.settings"}
    environment["KAMAILIO_DATABASE_URL"] = "mysql://nobody:hidden-word@127.0.0.1:1/kamailio"
    result = subprocess.run(
        [sys.executable, ROOT / "manage.py", "create_kamailio_tables"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert "can't be made in the database “kamailio”: Can't connect to" in result.stderr
    assert "Check KAMAILIO_DATABASE_URL." in result.stderr
    assert "hidden-word" not in result.stderr
