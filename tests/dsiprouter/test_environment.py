"""Slips in settings: all are said at once, each with its variable and what to write, and nothing starts with one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dsiprouter.configuration.consistency import KAMAILIO_MODULE_NAMES
from kamailio_bridge.modules import MODULES
from tests.dsiprouter.test_command_line import ROOT, environment, manage
from tests.mariadb import free_port

pytestmark = pytest.mark.own_database

SLIPS = {
    "DSIPROUTER_SIP_PORT": ("70000", "is “70000”: write a whole number from 1 to 65535, such as 5060."),
    "DSIPROUTER_RPC_PORT": ("5o62", "is “5o62”: write a whole number from 1 to 65535"),
    "DSIPROUTER_WEB_PORT": ("0", "is “0”: write a whole number from 1 to 65535"),
    "DATABASE_URL": ("mysql://web:hidden-word@db:x/y", "is no URL, or its port is no number: write mysql://"),
    "KAMAILIO_DATABASE_URL": ("postgres://web:hidden-word@db/y", "names no database of a kind that this product"),
    "DSIPROUTER_CREDENTIAL_KEYS": ("hidden-word", "contains something that is no Fernet key: remove it"),
    "KAMAILIO_MODULES": ("dispatcher,mtree,permisions", "names permisions: write some of permissions,policy,"),
    "KAMAILIO_ID_BASE": ("3000000000", "is “3000000000”: write a whole number from 0 to 1600000000"),
    "KAMAILIO_REVISIONS_KEPT": ("none", "is “none”: write a whole number of at least 1"),
    "KAMAILIO_RPC_TIMEOUT": ("0", "is “0”: write a number from 1.0 to 3600.0"),
    "KAMAILIO_RPC_ANYWHERE": ("maybe", "is “maybe”: write true or false."),
    "DSIPROUTER_PRODUCTION": ("ture", "is “ture”: write true or false."),
    "DSIPROUTER_DEBUG": ("2", "is “2”: write true or false."),
    "DSIPROUTER_TLS": ("tls", "is “tls”: write true or false."),
    "DSIPROUTER_SECOND_FACTOR": ("oui", "is “oui”: write true or false."),
    "DSIPROUTER_TIME_ZONE": ("Europe/Berlim", "is “Europe/Berlim”, which is no time zone: write a name such as"),
    "DSIPROUTER_LOG_LEVEL": ("loud", "is “loud”: write one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
    "DSIPROUTER_SESSION_HOURS": ("1.5", "is “1.5”: write a whole number from 1 to 8760"),
    "DSIPROUTER_KAMAILIO_LOG": ("x", "is “x”: write a whole number from -5 to 3"),
    "DSIPROUTER_KAMAILIO_CHILDREN": ("0", "is “0”: write a whole number from 1 to 256"),
    "DSIPROUTER_RELOAD_DELTA": ("-1", "is “-1”: write a whole number from 0 to 3600"),
    "DSIPROUTER_RPC_SOURCES": ("10.0.0.0/33", "has “10.0.0.0/33”: write networks such as"),
    "DSIPROUTER_SIP_IPV6_ADDRESS": ("2001:db8::1", "is “2001:db8::1”: write an IPv6 address in brackets"),
    "DSIPROUTER_NODE": ("node a", "is “node a”: write the node's name in the admin"),
    "DSIPROUTER_TCP_CONNECTIONS": ("10", "is “10”: write a whole number from 64 to 1000000"),
    "DSIPROUTER_WEB_WORKERS": ("many", "is “many”: write a whole number from 1 to 1024"),
}


def test_all_slips_are_said_at_once_by_the_check_and_by_every_other_command(tmp_path: Path) -> None:
    variables = environment(tmp_path, **{name: value for name, (value, _) in SLIPS.items()})
    variables["DSIPROUTER_RPC_ADDRESS"] = "8.8.8.8"
    checked = manage(variables, "check")
    assert checked.returncode == 1
    lines = checked.stderr.splitlines()
    for name, (_, said) in SLIPS.items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert said in line
    assert "DSIPROUTER_RPC_ADDRESS: 8.8.8.8 is not private" in checked.stderr  # what Django's checks find, too
    assert "hidden-word" not in checked.stderr
    for arguments in (["dump_carriers"], ["runlocal"], ["migrate"], ["load_carriers", "-"]):
        result = manage(variables, *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.splitlines() == lines[: len(SLIPS)]


def test_right_values_are_no_slips(tmp_path: Path) -> None:
    right = {
        "DSIPROUTER_SIP_ADDRESS": "127.0.0.2",
        "DSIPROUTER_SIP_PORT": "5070",
        "DSIPROUTER_RPC_PORT": "5070",  # on another address
        "DSIPROUTER_TLS": "Yes",
        "DSIPROUTER_DEBUG": "",
        "KAMAILIO_MODULES": " dispatcher , mtree",
        "DSIPROUTER_TIME_ZONE": "America/Argentina/Buenos_Aires",
        "DSIPROUTER_SIP_IPV6_ADDRESS": "[2001:db8::1]",
        "DSIPROUTER_RPC_SOURCES": "127.0.0.0/8, 2001:db8::/32",
        "KAMAILIO_RPC_TIMEOUT": "2.5",
    }
    result = manage(environment(tmp_path, **right), "check")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"DSIPROUTER_SIP_PORT": "5070", "DSIPROUTER_RPC_PORT": "5070"},
            "DSIPROUTER_RPC_PORT is 5070, the same as DSIPROUTER_SIP_PORT: give each a port of its own.",
        ),
        (
            {"DSIPROUTER_SIP_PORT": "8000", "DSIPROUTER_SIP_ADDRESS": "0.0.0.0"},
            "DSIPROUTER_WEB_PORT is 8000, the same as DSIPROUTER_SIP_PORT: give each a port of its own.",
        ),
        (
            {"DATABASE_URL": "sqlite:////tmp/one", "KAMAILIO_DATABASE_URL": "sqlite:////tmp/one"},
            "KAMAILIO_DATABASE_URL and DATABASE_URL name one SQLite file",
        ),
    ],
)
def test_settings_that_are_wrong_together(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    result = manage(environment(tmp_path, **variables), "check")
    assert result.returncode == 1
    assert result.stderr.startswith(said)


def test_a_home_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="ascii")
    for home in (file, file / "below", Path("/proc/none")):
        result = manage(environment(home), "dump_carriers")
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"DSIPROUTER_HOME is “{home}”, which ")
        assert line.endswith(": name a folder that the user that runs this may write into.")


def test_gunicorns_workers_say_it_and_are_not_begun_again(tmp_path: Path) -> None:
    result = manage_wsgi(environment(tmp_path, DSIPROUTER_SIP_PORT="x"))
    assert result == (3, "DSIPROUTER_SIP_PORT is “x”: write a whole number from 1 to 65535, such as 5060.\n")


def manage_wsgi(variables: dict[str, str]) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-c", "import dsiprouter.wsgi"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize("password", ["admin", "123456789012345", "short-One", "password1234"])
def test_a_weak_password_of_the_first_user_is_refused(password: str, tmp_path: Path) -> None:
    ports = {f"DSIPROUTER_{kind}_PORT": str(free_port()) for kind in ("SIP", "RPC", "WEB")}
    variables = environment(tmp_path, DSIPROUTER_ADMIN_PASSWORD=password, **ports)
    result = manage(variables, "runlocal")
    assert result.returncode == 1
    assert "DSIPROUTER_ADMIN_PASSWORD is too weak: " in result.stderr
    assert "Choose another, or leave it out" in result.stderr
    assert password not in result.stderr.replace("DSIPROUTER_ADMIN_PASSWORD", "")
    checked = manage(variables, "check")
    assert checked.returncode == 0, "with a superuser there already, nothing depends on it"
    assert "(dsiprouter.W002) DSIPROUTER_ADMIN_PASSWORD is too weak: " in checked.stderr
    assert password not in checked.stderr.replace("DSIPROUTER_ADMIN_PASSWORD", "")


def test_a_slip_in_the_name_of_a_setting(tmp_path: Path) -> None:
    variables = environment(
        tmp_path,
        DSIPROUTER_SIP_PROT="5070",
        DSIPROUTER_COLOUR="secret words",
        KAMAILIO_MODULS="mtree",
        KAMAILIO_PASSWORD="of another program",
        DSIPROUTER_RPC_TOKEN_EAST="a token",
        DSIPROUTER_WEB_BIND="unix:/run/site.sock",
    )
    checked = manage(variables, "check")
    assert checked.returncode == 0
    assert "DSIPROUTER_SIP_PROT is no setting of this version" in checked.stderr
    assert [line for line in checked.stderr.splitlines() if "dsiprouter.W003" in line] == [
        f"?: (dsiprouter.W003) {sentence}"
        for sentence in (
            "DSIPROUTER_COLOUR is no setting of this version, so it has no effect.",
            "DSIPROUTER_SIP_PROT is no setting of this version, so it has no effect. Did you mean DSIPROUTER_SIP_PORT?",
            "KAMAILIO_MODULS is no setting of this version, so it has no effect. Did you mean KAMAILIO_MODULES?",
        )
    ]
    assert "secret words" not in checked.stderr


def test_no_setting_is_taken_for_a_slip(tmp_path: Path) -> None:
    """Each that documents and files of the deployment name."""
    sources = [ROOT / ".env.example", ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").rglob("*")]
    text = "".join(path.read_text(encoding="utf-8") for path in sources if path.is_file() and path.suffix != ".pyc")
    names = set(re.findall(r"\bDSIPROUTER_[A-Z0-9_]*[A-Z0-9]\b(?=[=`\s|])", text))
    assert len(names) > 30
    said = manage({**dict.fromkeys(names, ""), **environment(tmp_path)}, "check").stderr
    assert "W003" not in said, said


def test_the_names_of_modules_are_those_that_there_are() -> None:
    assert tuple(MODULES) == KAMAILIO_MODULE_NAMES


def test_the_example_names_what_is_read() -> None:
    """So that a variable with a slip in its name is found by looking there."""
    source = (ROOT / "dsiprouter" / "configuration" / "consistency.py").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', source))
    assert names
    assert sorted(name for name in names if f"# {name}=" not in example) == []
