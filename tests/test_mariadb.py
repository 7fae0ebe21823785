"""The private MariaDB: what it gives, what it says when it can't, and that nothing is left of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import mariadb as module
from tests.mariadb import MariaDB, MariaDBMissing, private_mariadb

pytestmark = pytest.mark.own_database

ROOT = Path(__file__).resolve().parents[1]


def launch(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.mariadb", "--", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_nothing_is_left_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with private_mariadb() as server:
        (folder,) = tmp_path.iterdir()
        pid = int((folder / "pid").read_text())
        assert Path(f"/proc/{pid}").exists()
        assert folder.stat().st_mode & 0o077 == 0
        server.connect("kamailio").close()
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{pid}").exists()


def test_its_user_may_make_databases_and_texts_are_utf8mb4(mariadb: MariaDB) -> None:
    mariadb.execute("CREATE DATABASE texts; CREATE TABLE texts.t (v VARCHAR(9)); INSERT INTO texts.t VALUES ('Köln☎')")
    connection = mariadb.connect("texts")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT v, @@character_set_database FROM t")
            assert cursor.fetchone() == ("Köln☎", "utf8mb4")
    finally:
        connection.close()
        mariadb.execute("DROP DATABASE texts")


def test_the_launcher_gives_two_databases_and_passes_on_the_exit_status(tmp_path: Path) -> None:
    code = "import os; print(os.environ['DATABASE_URL'], os.environ['KAMAILIO_DATABASE_URL']); raise SystemExit(7)"
    result = launch(sys.executable, "-c", code, TMPDIR=str(tmp_path))
    assert result.returncode == 7
    assert result.stderr == ""
    default, kamailio = result.stdout.split()
    assert default.startswith("mysql://")
    assert default.rpartition("/")[2] != kamailio.rpartition("/")[2]
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MariaDBMissing, match="Install it: apt-get install -y mariadb-server"):
        module.program("no-such-program")
