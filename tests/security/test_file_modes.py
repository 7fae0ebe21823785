"""Files with secrets: made closed, and reported when somebody opened them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core import checks
from pytest_django import Settings

from dsiprouter.checks import check_file_modes
from dsiprouter.home import prepare_home, secret_from_file


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


def test_an_open_env_file_is_reported(home: Path) -> None:
    env_file = home.parent / ".env"
    env_file.write_text("DSIPROUTER_RPC_TOKEN=x\n", encoding="ascii")
    env_file.chmod(0o640)
    (message,) = check_file_modes()
    assert message.id == "dsiprouter.W001"
    assert str(env_file) in message.msg
    assert message in checks.run_checks()
