"""Production starts with what docs/deploy.md tells to set, and with nothing less."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dsiprouter.configuration.production import UnfitForProduction, require_production_settings
from tests.security.production import manage, production_environment

pytestmark = pytest.mark.own_database
MARIADB = {name: {"ENGINE": "django.db.backends.mysql"} for name in ("default", "kamailio")}


def problems_of(environment: dict[str, str], *, debug: bool = False, hosts: list[str] | None = None) -> str:
    with pytest.raises(UnfitForProduction) as caught:
        require_production_settings(
            environment, debug=debug, allowed_hosts=["sip.example.com"] if hosts is None else hosts, databases=MARIADB
        )
    return str(caught.value)


def test_djangos_own_deployment_check_is_clean(tmp_path: Path) -> None:
    result = manage(production_environment(tmp_path / "home"), "check", "--deploy", "--fail-level", "WARNING")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("System check identified no issues (2 silenced)")


def test_two_warnings_are_silenced_that_only_the_domains_owner_can_heed(tmp_path: Path) -> None:
    environment = {**production_environment(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "tests.security.unsilenced"}
    result = manage(environment, "check", "--deploy")
    assert {line.partition(")")[0] for line in result.stderr.splitlines() if line.startswith("?:")} == {
        "?: (security.W005",
        "?: (security.W021",
    }


def test_without_anything_it_says_all_that_is_missing_and_makes_no_secret(tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in production_environment(tmp_path / "home").items()
        if name in ("PATH", "DSIPROUTER_PRODUCTION", "DSIPROUTER_HOME", "DJANGO_SETTINGS_MODULE")
    }
    result = manage(environment, "check")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    first, *sentences = result.stderr.splitlines()
    assert first == "DSIPROUTER_PRODUCTION is on, and this must be put right first:"
    named = [sentence.partition(" ")[0] for sentence in sentences]
    assert named == [
        "DSIPROUTER_SECRET_KEY",
        "DSIPROUTER_RPC_TOKEN",
        "DSIPROUTER_CREDENTIAL_KEYS",
        "DSIPROUTER_ALLOWED_HOSTS",
        "DATABASE_URL",
        "KAMAILIO_DATABASE_URL",
    ]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["static"]


@pytest.mark.parametrize("name", ["DSIPROUTER_SECRET_KEY", "DSIPROUTER_RPC_TOKEN", "DSIPROUTER_CREDENTIAL_KEYS"])
@pytest.mark.parametrize("weak", ["short-secret", "x" * 80])
def test_a_weak_secret_is_named_and_not_shown(tmp_path: Path, name: str, weak: str) -> None:
    said = problems_of({**production_environment(tmp_path), name: weak})
    assert f"{name} is too easy to guess" in said
    assert weak not in said


def test_what_is_no_fernet_key(tmp_path: Path) -> None:
    wrong = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP"
    said = problems_of({**production_environment(tmp_path), "DSIPROUTER_CREDENTIAL_KEYS": wrong})
    assert "DSIPROUTER_CREDENTIAL_KEYS has something that is no Fernet key" in said
    assert wrong not in said


def test_debug_and_all_hosts(tmp_path: Path) -> None:
    said = problems_of(production_environment(tmp_path), debug=True, hosts=["*"])
    assert "DSIPROUTER_DEBUG is on" in said
    assert "DSIPROUTER_ALLOWED_HOSTS has “*”" in said


def test_it_is_djangos_own_kind_of_error() -> None:
    assert issubclass(UnfitForProduction, ImproperlyConfigured)
