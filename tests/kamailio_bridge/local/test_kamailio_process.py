"""A local Kamailio: started, watched and stopped, with a sentence if that fails."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kamailio_bridge.local.kamailio_log import explain
from kamailio_bridge.local.kamailio_parameters import (
    NodeNotStarted,
    NodeParameters,
    kamailio_database_url,
    parameters_from_settings,
    program,
)
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.local.ports import Port
from kamailio_bridge.tables.create import create_missing_tables
from tests.mariadb import HOST, MariaDB, free_port
from tests.scratch import scratch_database

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> str:
    """Return the URL of a SQLite file with Kamailio's tables, in a folder with a blank in its name."""
    path = tmp_path_factory.mktemp("some tables") / "kamailio.sqlite3"
    with django_db_blocker.unblock(), scratch_database("tables", f"sqlite:///{path}") as alias:
        create_missing_tables(alias)
    return f"sqlite:///{path}"


@pytest.fixture
def parameters(tmp_path: Path, tables: str) -> NodeParameters:
    return NodeParameters(
        folder=tmp_path / "kamailio",
        database_url=tables,
        rpc_token="a-token-that-nobody-sees",
        sip_port=free_port(),
        rpc_port=free_port(),
        shared_memory=64,
        private_memory=16,
        children=1,
    )


def processes_of(group: int) -> list[int]:
    """Return the processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def refusal(parameters: NodeParameters) -> str:
    with pytest.raises(NodeNotStarted) as error:
        NodeProcess(parameters).start()
    return str(error.value)


def test_it_listens_at_the_ipv6_address_too(parameters: NodeParameters) -> None:
    with NodeProcess(dataclasses.replace(parameters, sip_ipv6_address="::1")) as node:
        for port in node.parameters.ports():
            assert "is taken by another program" in port.problem()
        with socket.create_connection(("::1", parameters.sip_port), timeout=5) as connection:
            assert connection.getpeername()[0] == "::1"


def test_it_answers_when_started_and_is_gone_when_stopped(parameters: NodeParameters) -> None:
    with NodeProcess(parameters) as node:
        assert node.is_running
        assert parameters.rpc(5).call("core.uptime")["uptime"] >= 0
        group = node.pid
        assert group is not None
        assert len(processes_of(group)) > 3
    assert not node.is_running
    assert processes_of(group) == []
    assert [port.problem() for port in parameters.ports()] == ["", "", ""]
    node.stop()


def test_it_starts_again_and_keeps_the_log_before(parameters: NodeParameters) -> None:
    node = NodeProcess(parameters)
    node.start()
    node.stop()
    node.start()
    node.stop()
    assert parameters.log.exists()
    assert parameters.log.with_suffix(".log.1").exists()


def test_a_home_deeper_than_a_unix_socket_may_be(parameters: NodeParameters, tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 15)
    with NodeProcess(dataclasses.replace(parameters, folder=folder)) as node:
        assert node.is_running
        assert (folder / "kamailio_ctl").is_socket()


def test_secrets_are_not_on_the_command_line(parameters: NodeParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSIPROUTER_SECRET_KEY", "the-key-of-the-web-site")
    with NodeProcess(parameters) as node:
        command = Path(f"/proc/{node.pid}/cmdline").read_bytes()
        environment = Path(f"/proc/{node.pid}/environ").read_bytes()
    assert b"kamailio.cfg" in command
    assert parameters.rpc_token.encode() not in command
    assert parameters.database_url.encode() not in command
    assert parameters.rpc_token.encode() in environment
    assert b"the-key-of-the-web-site" not in environment
    assert parameters.rpc_token not in repr(parameters)


def test_busy_ports_are_named(parameters: NodeParameters) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, parameters.sip_port))
        assert refusal(parameters) == (
            f"UDP port {parameters.sip_port} of 127.0.0.1, for SIP, is taken by another program."
            " Stop that program, or set DSIPROUTER_SIP_PORT to a free port."
        )
    with socket.socket() as other:
        other.bind((HOST, parameters.rpc_port))
        other.listen()
        assert f"TCP port {parameters.rpc_port} of 127.0.0.1, for Kamailio's RPC, is taken" in refusal(parameters)


def test_an_address_of_another_machine(parameters: NodeParameters) -> None:
    sentence = refusal(dataclasses.replace(parameters, sip_address="192.0.2.1"))
    assert "SIP can't listen on 192.0.2.1" in sentence
    assert "DSIPROUTER_SIP_ADDRESS" in sentence


def test_a_closed_connection_is_no_listener() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert Port("the web server", "TCP", HOST, port, "DSIPROUTER_WEB").problem() == ""


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"database_url": "sqlite:////nowhere/kamailio.sqlite3"}, "its tables are missing"),
        ({"database_url": f"mysql://user:password@{HOST}:1/kamailio"}, "its database server does not answer"),
        ({"shared_memory": 1}, "its memory is too small. Raise -m or -M."),
        ({"environment": {"DSIPROUTER_KAMAILIO_LOG": "loud"}}, "it says “parse error in config file"),
    ],
)
def test_why_it_did_not_start(parameters: NodeParameters, change: dict[str, Any], reported: str) -> None:
    sentence = refusal(dataclasses.replace(parameters, **change))
    assert reported in sentence
    assert sentence.endswith(f"Its log is {parameters.log}.")
    assert parameters.rpc_token not in sentence


def test_a_program_that_is_not_installed() -> None:
    with pytest.raises(
        NodeNotStarted, match=r"kamailio-of-nobody is not installed\. Install it: apt-get install kamailio"
    ):
        program("kamailio-of-nobody", "kamailio")


def test_one_that_dies_is_noticed(parameters: NodeParameters) -> None:
    with NodeProcess(parameters) as node:
        assert node.pid is not None
        os.kill(node.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while node.is_running and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not node.is_running
        assert node.failure().startswith("Kamailio stopped: ")
    assert processes_of(node.pid) == []


def test_it_ends_with_us_even_when_we_are_killed(parameters: NodeParameters, tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(
        "import os, sys, time, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "django.setup()\n"
        "from pathlib import Path\n"
        "from kamailio_bridge.local.kamailio_parameters import NodeParameters\n"
        "from kamailio_bridge.local.kamailio_process import NodeProcess\n"
        "folder, url, sip, rpc = sys.argv[1:]\n"
        "node = NodeProcess(NodeParameters(folder=Path(folder), database_url=url, rpc_token='token',\n"
        "    sip_port=int(sip), rpc_port=int(rpc), shared_memory=64, private_memory=16, children=1))\n"
        "node.start()\n"
        "print(node.pid, flush=True)\n"
        "time.sleep(60)\n",
        encoding="ascii",
    )
    arguments = [parameters.folder, parameters.database_url, parameters.sip_port, parameters.rpc_port]
    owner = subprocess.Popen(
        [sys.executable, script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout is not None
        group = int(owner.stdout.readline())
        owner.kill()
    deadline = time.monotonic() + 10
    while processes_of(group) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(group) == []


def test_parameters_from_the_settings(settings: Any, tmp_path: Path) -> None:
    settings.DSIPROUTER_HOME = tmp_path
    settings.DSIPROUTER_SIP_ADDRESS = "::1"
    settings.DSIPROUTER_SIP_PORT = 15060
    parameters = parameters_from_settings()
    assert parameters.folder == tmp_path / "kamailio"
    assert parameters.variables()["DSIPROUTER_SIP_ADDRESS"] == "[::1]"
    assert parameters.variables()["DSIPROUTER_SIP_PORT"] == "15060"
    assert parameters.variables()["DSIPROUTER_KAMAILIO_DB"] == parameters.database_url


def mysql(**changes: str) -> dict[str, str]:
    return {
        "ENGINE": "django.db.backends.mysql",
        "USER": "kam",
        "PASSWORD": "p",
        "HOST": "",
        "PORT": "",
        "NAME": "k",
        **changes,
    }


def test_database_urls() -> None:
    assert kamailio_database_url({"ENGINE": "django.db.backends.sqlite3", "NAME": "/a b/k.sqlite3"}) == (
        "sqlite:////a b/k.sqlite3"
    )
    assert kamailio_database_url(mysql()) == "mysql://kam:p@localhost:3306/k"
    assert kamailio_database_url(mysql(HOST="db", PORT="3307")) == "mysql://kam:p@db:3307/k"


@pytest.mark.parametrize("password", ["a/b", 'a"b', "a\\b", "a\nb"])
def test_passwords_that_kamailio_can_not_be_told(password: str) -> None:
    with pytest.raises(NodeNotStarted) as error:
        kamailio_database_url(mysql(PASSWORD=password))
    assert "Give the database user another one." in str(error.value)
    assert password not in str(error.value)


def test_other_databases_are_refused() -> None:
    with pytest.raises(NodeNotStarted, match="Kamailio reads SQLite and MariaDB/MySQL here"):
        kamailio_database_url({"ENGINE": "django.db.backends.postgresql", "NAME": "k"})
    with pytest.raises(NodeNotStarted, match="its path has a quote or a backslash"):
        kamailio_database_url({"ENGINE": "django.db.backends.sqlite3", "NAME": '/a"b/k.sqlite3'})


@pytest.mark.own_database
@pytest.mark.parametrize("password", ["a:b@c%d#e?f", "with a blank"])
def test_it_reads_mariadb_whatever_the_password(
    mariadb: MariaDB, parameters: NodeParameters, django_db_blocker: Any, password: str
) -> None:
    mariadb.execute(
        "CREATE DATABASE IF NOT EXISTS odd_password;"
        f"CREATE OR REPLACE USER odd@'127.0.0.1' IDENTIFIED BY '{password}';"
        "GRANT SELECT ON odd_password.* TO odd@'127.0.0.1'"
    )
    with django_db_blocker.unblock(), scratch_database("odd", mariadb.url("odd_password")) as alias:
        create_missing_tables(alias)
    url = kamailio_database_url(
        mysql(USER="odd", PASSWORD=password, HOST=HOST, PORT=str(mariadb.port), NAME="odd_password")
    )
    with NodeProcess(dataclasses.replace(parameters, database_url=url)):
        assert parameters.rpc(5).call("core.uptime")["uptime"] >= 0
    wrong = dataclasses.replace(parameters, database_url=url.replace("odd:", "odd:x"))
    assert "the database refuses its user and password" in refusal(wrong)


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        ("", "it gave no reason."),
        (" 0(1) INFO: fine\n", "it gave no reason."),
        (
            " 0(1) ERROR: tm [tm.c:1]: mod_init(): first.\n 0(1) ERROR: <core> [a.c:2]: main(): second\n",
            "it says “first”.",
        ),
        (
            "CRITICAL: <core> [sr_module.c:4]: could not find module <db_mysql.so>",
            "Install it: apt-get install kamailio-my",
        ),
        ("ERROR: <core> [udp_server.c:1]: udp_init(): bind(...): Address already in use", "one of its ports was taken"),
    ],
)
def test_logs_are_explained(log: str, sentence: str) -> None:
    assert sentence in explain(log)
