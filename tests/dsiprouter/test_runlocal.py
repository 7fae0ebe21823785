"""manage.py runlocal: from an empty home to a running product, and back."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kamailio_bridge.local_run import ROOT, ports_are_free, runlocal
from tests.mariadb import HOST, MariaDB, free_port

LOG_IN = """
import django
django.setup()
from django.contrib.auth.models import User
print(User.objects.get(username="admin").check_password("given-by-the-environment"))
"""
pytestmark = pytest.mark.own_database


def test_everything_from_an_empty_home(environment: dict[str, str]) -> None:
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        password = re.search(r"as admin with the password (\S+) \(shown only now", run.said)
        assert password is not None
        assert len(password[1]) >= 12
        assert f"http://127.0.0.1:{environment['DSIPROUTER_WEB_PORT']}/" in run.said
        status, html = run.page("/admin/login/")
        assert (status, "csrfmiddlewaretoken" in html) == (200, True)
        assert run.page("/static/admin/css/base.css")[0] == 200
        assert run.page("/nothing")[0] == 404
        assert "kamailio" in str(run.rpc("core.version"))
        assert run.end(signal.SIGINT) == 0
        assert run.said.endswith("Stopped.\n")
    assert ports_are_free(environment)
    home = Path(environment["DSIPROUTER_HOME"])
    modes = {path: path.stat().st_mode & 0o077 for path in [home, *home.rglob("*")]}
    assert {path for path, mode in modes.items() if mode} == set()
    assert (home / "kamailio" / "kamailio.log").exists()
    assert password[1] not in (home / "kamailio" / "kamailio.log").read_text(encoding="utf-8")

    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        assert "with the password" not in run.said
        assert run.end(signal.SIGTERM) == 0
    assert ports_are_free(environment)


def test_a_given_password_is_used_and_not_printed(environment: dict[str, str]) -> None:
    with runlocal({**environment, "DSIPROUTER_ADMIN_PASSWORD": "given-by-the-environment"}) as run:
        run.wait_for("Ctrl-C stops.")
        assert "given-by-the-environment" not in run.said
        assert run.end(signal.SIGINT) == 0
    check = subprocess.run(
        [
            sys.executable,
            "-c",
            LOG_IN,
        ],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "dsiprouter.settings", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert check.stdout.strip() == "True"


def test_kamailio_alone(environment: dict[str, str]) -> None:
    with (
        socket.socket() as web,
        runlocal(environment, "--no-web") as run,
    ):
        web.bind((HOST, int(environment["DSIPROUTER_WEB_PORT"])))
        run.wait_for("Ctrl-C stops.")
        assert "http://" not in run.said
        assert "password" not in run.said
        assert "kamailio" in str(run.rpc("core.version"))
        assert run.end(signal.SIGTERM) == 0


def test_all_busy_ports_are_named_before_anything_starts(environment: dict[str, str]) -> None:
    with socket.socket() as web, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
        web.bind((HOST, int(environment["DSIPROUTER_WEB_PORT"])))
        web.listen()
        sip.bind((HOST, int(environment["DSIPROUTER_SIP_PORT"])))
        with runlocal(environment) as run:
            assert run.end() == 1
    assert f"UDP port {environment['DSIPROUTER_SIP_PORT']} of 127.0.0.1, for SIP, is taken" in run.said
    assert f"TCP port {environment['DSIPROUTER_WEB_PORT']} of 127.0.0.1, for the web server, is taken" in run.said
    assert "set DSIPROUTER_WEB_PORT to a free port" in run.said
    assert "Preparing" not in run.said
    assert not (Path(environment["DSIPROUTER_HOME"]) / "kamailio").exists()


def test_it_says_why_and_stops_when_kamailio_ends(environment: dict[str, str]) -> None:
    with runlocal(environment) as run:
        run.wait_for("Ctrl-C stops.")
        pid = (Path(environment["DSIPROUTER_HOME"]) / "kamailio" / "kamailio.pid").read_text(encoding="ascii")
        os.kill(int(pid), signal.SIGTERM)
        assert run.end() == 1
    assert "Kamailio stopped: " in run.said
    assert "Its log is " in run.said
    assert "Traceback" not in run.said
    assert ports_are_free(environment)


def test_a_database_that_does_not_answer(environment: dict[str, str]) -> None:
    with runlocal({**environment, "DATABASE_URL": f"mysql://user:password@{HOST}:1/none"}) as run:
        assert run.end() == 1
    assert "The product's database can't be prepared" in run.said
    assert "(DATABASE_URL) can't be reached" in run.said
    assert "Traceback" not in run.said


def test_two_instances_on_mariadb_and_sqlite_side_by_side(
    environment: dict[str, str], mariadb: MariaDB, tmp_path: Path
) -> None:
    mariadb.execute("CREATE DATABASE runlocal_product; CREATE DATABASE runlocal_kamailio")
    other = {
        "DSIPROUTER_HOME": str(tmp_path / "other"),
        "DSIPROUTER_SIP_PORT": str(free_port()),
        "DSIPROUTER_RPC_PORT": str(free_port()),
        "DSIPROUTER_WEB_PORT": str(free_port()),
        "DATABASE_URL": mariadb.url("runlocal_product"),
        "KAMAILIO_DATABASE_URL": mariadb.url("runlocal_kamailio"),
    }
    with runlocal(environment, "--no-web") as first, runlocal(other) as second:
        first.wait_for("Ctrl-C stops.")
        second.wait_for("Ctrl-C stops.")
        assert "kamailio" in str(first.rpc("core.version"))
        assert "kamailio" in str(second.rpc("core.version"))
        assert second.page("/admin/login/")[0] == 200
        assert second.end(signal.SIGINT) == 0
        assert "kamailio" in str(first.rpc("core.version"))
        assert first.end(signal.SIGINT) == 0


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "8.8.8.8", "kamailio.example"])
def test_it_refuses_an_rpc_address_that_strangers_reach(environment: dict[str, str], address: str) -> None:
    with runlocal({**environment, "DSIPROUTER_RPC_ADDRESS": address}) as run:
        assert run.end() == 1
    assert f"DSIPROUTER_RPC_ADDRESS: {address}" in run.said.replace("“", "").replace("”", "")
    assert "KAMAILIO_RPC_ANYWHERE=true allows it" in run.said
    assert not (Path(environment["DSIPROUTER_HOME"]) / "kamailio").exists()
