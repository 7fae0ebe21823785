"""Files with secrets: made closed, and reported when somebody opened them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import checks
from pytest_django import Settings

from carriers.passwords.secret_files import secret_from_file
from dsiprouter.checks import check_file_modes
from dsiprouter.configuration.home import close_files, prepare_home
from tests.security.production import ROOT


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.BASE_DIR = tmp_path
    settings.DSIPROUTER_HOME = prepare_home(tmp_path / "home")
    return settings.DSIPROUTER_HOME


def test_home_and_secrets_are_made_closed(home: Path) -> None:
    secret_from_file(home / "secret_key")
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert check_file_modes() == []


def test_an_open_home_is_reported_with_the_secrets_that_are_open_too(home: Path) -> None:
    secret_from_file(home / "secret_key")
    secret_from_file(home / "rpc_token").encode()
    home.chmod(0o755)
    (home / "secret_key").chmod(0o644)
    assert [message.hint for message in check_file_modes()] == [
        f"Close it: chmod 700 {home}",
        f"Close it: chmod 600 {home / 'secret_key'}",
    ]


def test_every_command_makes_its_files_closed(tmp_path: Path) -> None:
    """In a shell whose umask lets others read: databases with their journals, and generated secrets."""
    home = tmp_path / "home"
    inherited = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    script = "umask 022; for command in migrate create_kamailio_tables create_roles; do $0 manage.py $command; done"
    subprocess.run(
        ["/bin/sh", "-ec", script, sys.executable],
        cwd=ROOT,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "dsiprouter.settings", "DSIPROUTER_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    modes = {path.name: path.stat().st_mode & 0o777 for path in home.rglob("*") if path.is_file()}
    assert {"dsiprouter.sqlite3", "kamailio.sqlite3", "secret_key", "rpc_token"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "kamailio").mkdir(parents=True)
    (home / "kamailio").chmod(0o755)
    for name, mode in (("dsiprouter.sqlite3", 0o644), ("kamailio/kamailio.log", 0o664), ("run.sh", 0o755)):
        (home / name).touch()
        (home / name).chmod(mode)
    (home / "link").symlink_to("/nowhere")
    home.chmod(0o755)
    close_files(home)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [home, *home.rglob("*")] if not path.is_symlink()}
    assert modes == {
        "home": 0o700,
        "kamailio": 0o700,
        "dsiprouter.sqlite3": 0o600,
        "kamailio.log": 0o600,
        "run.sh": 0o700,
    }


def test_an_open_env_file_is_reported(home: Path) -> None:
    env_file = home.parent / ".env"
    env_file.write_text("DSIPROUTER_RPC_TOKEN=x\n", encoding="ascii")
    env_file.chmod(0o640)
    (message,) = check_file_modes()
    assert message.id == "dsiprouter.W001"
    assert str(env_file) in message.msg
    assert message in checks.run_checks()
