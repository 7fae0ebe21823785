"""The product's Kamailio configuration: it parses in every variant, guards its RPC, and answers where calls would go.

Calls themselves are tested end to end, in ``tests/e2e``.
"""

from __future__ import annotations

import dataclasses
import http.client
import itertools
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kamailio_bridge.local.kamailio_parameters import CONFIGURATION, NodeParameters, program
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.tables.create import create_missing_tables
from kamailio_bridge.tables.models import Address, Dispatcher, Htable, Mtree
from tests.mariadb import HOST, free_port
from tests.scratch import scratch_database

TOKEN = "token-of-the-test-node"
ADMITTED, STRANGER, PBX = "127.0.0.1", "127.0.0.66", "127.0.0.9"

ROUTES = {
    "s": "",
    "o": "2",
    "o9": "1;2",
    "o8": "9;2",
    "o7": "3",
    "o#1": "2",
    "i1444": "100000001",
}
DESTINATIONS = (
    (1, 1, "sip:127.0.0.21:16061", 10000, "gwid=1;strip=1"),
    (2, 1, "sip:127.0.0.22:16062;transport=tcp", 9999, "gwid=2;strip=2;prefix=+1"),
    (3, 2, "sip:127.0.0.23:16063", 10000, "gwid=3;strip=0;prefix=*9#;uac=carrier-2"),
    (4, 3, "sip:127.0.0.24:16064", 10000, "gwid=4;strip=30"),
    (100000001, 100000001, "sip:127.0.0.9:16070", 10000, "pbx=1"),
)
_branches = itertools.count()


def fill(alias: str) -> None:
    """Write what an apply would write."""
    Htable.objects.using(alias).create(key_name="dsiprouter:revision", key_type=0, value_type=1, key_value="1")
    for tprefix, sets in ROUTES.items():
        Mtree.objects.using(alias).create(tprefix=tprefix, tvalue=f"dsiprouter:{sets}")
    for pk, setid, destination, priority, attrs in DESTINATIONS:
        Dispatcher.objects.using(alias).create(
            pk=pk, setid=setid, destination=destination, priority=priority, attrs=attrs
        )
    Address.objects.using(alias).create(grp=9, ip_addr=PBX, mask=32, tag="pbx-1")


def start_parameters(folder: Path, database: Path) -> NodeParameters:
    return NodeParameters(
        folder=folder,
        database_url=f"sqlite:///{database}",
        rpc_token=TOKEN,
        sip_port=free_port(),
        rpc_port=free_port(),
        shared_memory=64,
        private_memory=16,
        children=1,
        environment={"DSIPROUTER_RPC_SOURCES": f"10.0.0.0/8,{ADMITTED}/32"},
    )


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[NodeProcess]:
    """Run one Kamailio with routes."""
    folder = tmp_path_factory.mktemp("configured")
    with (
        django_db_blocker.unblock(),
        scratch_database("configured", f"sqlite:///{folder / 'kamailio.sqlite3'}") as alias,
    ):
        create_missing_tables(alias)
        fill(alias)
    with NodeProcess(start_parameters(folder / "run", folder / "kamailio.sqlite3")) as process:
        yield process


@pytest.fixture(scope="module")
def empty_node(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[NodeProcess]:
    """Run one Kamailio that never saw an apply."""
    folder = tmp_path_factory.mktemp("empty")
    with django_db_blocker.unblock(), scratch_database("empty", f"sqlite:///{folder / 'kamailio.sqlite3'}") as alias:
        create_missing_tables(alias)
    with NodeProcess(start_parameters(folder / "run", folder / "kamailio.sqlite3")) as process:
        yield process


def http_status(
    node: NodeProcess,
    method: str,
    path: str,
    *,
    token: str | None = TOKEN,
    source: str = ADMITTED,
    port: int = 0,
    body: str = "",
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(
        HOST, port or node.parameters.rpc_port, timeout=5, source_address=(source, 0)
    )
    try:
        connection.request(method, path, body or None, {} if token is None else {"X-RPC-Token": token})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def sip_status(node: NodeProcess, method: str, r_uri: str, source: str) -> str:
    """Send one request and return the first line of the final answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((source, 0))
        peer.settimeout(5)
        branch = next(_branches)
        request = (
            f"{method} {r_uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {source}:{peer.getsockname()[1]};branch=z9hG4bK{os.getpid()}-{branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:tester@{source}>;tag=from\r\nTo: <{r_uri}>\r\n"
            f"Call-ID: call-{os.getpid()}-{branch}\r\nCSeq: 1 {method}\r\n"
            f"Contact: <sip:tester@{source}:{peer.getsockname()[1]}>\r\nContent-Length: 0\r\n\r\n"
        )
        peer.sendto(request.encode(), (HOST, node.parameters.sip_port))
        while True:
            line = peer.recv(65535).decode().split("\r\n", 1)[0]
            if not line.startswith("SIP/2.0 1"):
                return line


@pytest.mark.parametrize(
    ("defines", "environment"),
    [
        ((), {"DSIPROUTER_KAMAILIO_DB": "sqlite:////nowhere/kamailio.sqlite3"}),
        (("WITH_MYSQL",), {"DSIPROUTER_KAMAILIO_DB": "mysql://user:pass@127.0.0.1/kamailio"}),
        (
            (),
            {
                "DSIPROUTER_KAMAILIO_DB": "sqlite:////nowhere/kamailio.sqlite3",
                "DSIPROUTER_SIP_ADDRESS": "127.0.0.7",
                "DSIPROUTER_SIP_IPV6_ADDRESS": "[::1]",
                "DSIPROUTER_RPC_ADDRESS": "127.0.0.8",
                "DSIPROUTER_RPC_SOURCES": "10.0.0.0/8,192.0.2.1/32",
                "DSIPROUTER_KAMAILIO_LOG": "3",
                "DSIPROUTER_RELOAD_DELTA": "0",
                "DSIPROUTER_KAMAILIO_CHILDREN": "1",
            },
        ),
    ],
)
def test_it_parses(defines: tuple[str, ...], environment: dict[str, str]) -> None:
    # Kamailio 6.0 needs more than its default of 8 MB of private memory to parse the configuration.
    command = [program("kamailio", "kamailio"), "-c", "-M", "16", "-f", str(CONFIGURATION)]
    for define in defines:
        command += ["-A", define]
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "DSIPROUTER_RPC_TOKEN": TOKEN, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR" not in done.stderr
    assert "WARNING" not in done.stderr


def test_the_database_must_be_named() -> None:
    command = [program("kamailio", "kamailio"), "-c", "-f", str(CONFIGURATION)]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DSIPROUTER_KAMAILIO_DB" in done.stderr


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("POST", "/RPC", None, 401),
        ("POST", "/RPC", "", 401),
        ("POST", "/RPC", "wrong", 401),
        ("POST", "/RPC", TOKEN + "x", 401),
        ("GET", "/ROUTE/9123", "wrong", 401),
        ("GET", "/nothing", "wrong", 401),
        ("GET", "/RPC", TOKEN, 405),
        ("POST", "/ROUTE/9123", TOKEN, 405),
        ("GET", "/", TOKEN, 404),
        ("GET", "/nothing", TOKEN, 404),
        ("GET", "/ROUTE/", TOKEN, 404),
        ("GET", "/ROUTE/9/1", TOKEN, 404),
        ("POST", "/RPCX", TOKEN, 404),
    ],
)
def test_the_rpc_is_guarded(node: NodeProcess, method: str, path: str, token: str | None, status: int) -> None:
    assert http_status(node, method, path, token=token, body="{}" if method == "POST" else "")[0] == status


def test_other_sources_are_refused_whatever_their_token(node: NodeProcess) -> None:
    assert http_status(node, "GET", "/ROUTE/9123", source=STRANGER)[0] == 403
    assert http_status(node, "GET", "/ROUTE/9123", source=STRANGER, token=None)[0] == 403


def test_a_node_without_a_token_admits_nobody(node: NodeProcess, tmp_path: Path) -> None:
    ports = {"sip_port": free_port(), "rpc_port": free_port()}
    other = NodeProcess(dataclasses.replace(node.parameters, folder=tmp_path, rpc_token="", **ports))
    with pytest.raises(Exception, match="did not answer") as error:
        other.start(timeout=0.5)
    assert "refused us (HTTP 401)" in str(error.value)


def test_rpc_methods_of_every_module(node: NodeProcess) -> None:
    methods = node.parameters.rpc(5).call("system.listMethods")
    for name in (
        "dispatcher.reload",
        "dispatcher.list",
        "mtree.reload",
        "mtree.list",
        "permissions.addressReload",
        "permissions.subnetDump",
        "htable.reload",
        "uac.reg_refresh",
        "tm.t_uac_wait",
        "core.uptime",
    ):
        assert name in methods


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (
            "914443332222",
            [
                "sip:14443332222@127.0.0.21:16061|gwid=1;strip=1",
                "sip:+14443332222@127.0.0.22:16062;transport=tcp|gwid=2;strip=2;prefix=+1",
                "sip:*9%23914443332222@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2",
            ],
        ),
        (
            "91",
            [
                "sip:1@127.0.0.21:16061|gwid=1;strip=1",
                "sip:*9%2391@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2",
            ],
        ),
        ("9", ["sip:*9%239@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
        ("5", ["sip:*9%235@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
        ("%2B44", ["sip:*9%23+44@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
        ("+44", ["sip:*9%23+44@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
        ("%23100", ["sip:*9%23%23100@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
        ("812", ["sip:*9%23812@127.0.0.23:16063|gwid=3;strip=0;prefix=*9#;uac=carrier-2"]),
    ],
)
def test_where_a_number_would_go(node: NodeProcess, number: str, lines: list[str]) -> None:
    status, text = http_status(node, "GET", f"/ROUTE/{number}")
    assert (status, text.splitlines()) == (200, lines)


@pytest.mark.parametrize(
    ("number", "status", "text"),
    [
        ("7123", 503, "no endpoint"),
        ("abc", 404, "not a number"),
        ("9" * 65, 404, "not a number"),
        ("%00", 404, "not a number"),
        ("9%0d%0aX", 404, "not a number"),
    ],
)
def test_numbers_that_go_nowhere(node: NodeProcess, number: str, status: int, text: str) -> None:
    assert http_status(node, "GET", f"/ROUTE/{number}") == (status, text + "\n")


@pytest.mark.parametrize(
    ("method", "r_uri", "source", "line"),
    [
        ("INVITE", "sip:9123@127.0.0.1", STRANGER, "SIP/2.0 403 Forbidden"),
        ("OPTIONS", "sip:127.0.0.1", STRANGER, "SIP/2.0 403 Forbidden"),
        ("REGISTER", "sip:127.0.0.1", PBX, "SIP/2.0 405 Method Not Allowed"),
        ("INVITE", "sip:bob@127.0.0.1", PBX, "SIP/2.0 404 Not a telephone number"),
        ("INVITE", "sip:127.0.0.1", PBX, "SIP/2.0 484 Address Incomplete"),
        ("INVITE", "sip:7123@127.0.0.1", PBX, "SIP/2.0 503 No endpoint can take the number"),
    ],
)
def test_what_is_answered_at_the_door(node: NodeProcess, method: str, r_uri: str, source: str, line: str) -> None:
    assert sip_status(node, method, r_uri, source) == line


def test_a_pbx_may_ask_whether_we_are_there(node: NodeProcess) -> None:
    assert sip_status(node, "OPTIONS", f"sip:127.0.0.1:{node.parameters.sip_port}", PBX) == "SIP/2.0 200 OK"


def test_without_an_apply_nothing_is_turned_away_for_good(empty_node: NodeProcess) -> None:
    assert sip_status(empty_node, "INVITE", "sip:9123@127.0.0.1", PBX) == "SIP/2.0 503 Routing data not loaded"
    assert http_status(empty_node, "GET", "/ROUTE/9123") == (503, "not ready\n")


def test_the_log_names_who_was_refused_and_no_secret(node: NodeProcess) -> None:
    sip_status(node, "INVITE", "sip:9123@127.0.0.1", STRANGER)
    log = node.log_text()
    assert f"INVITE from {STRANGER}" in log
    assert TOKEN not in log
