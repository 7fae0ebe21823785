"""The commands that a node admits over HTTP: those of the site's code, and no others however they are written."""

from __future__ import annotations

import ast
import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kamailio_bridge.local.kamailio_parameters import CONFIGURATION
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import NodeRefused
from tests.mariadb import HOST

SOURCES = sorted(Path(CONFIGURATION).parent.parent.rglob("*.py"))
RULES = (CONFIGURATION.parent / "rpc_methods.cfg").read_text(encoding="utf-8")
# These have a rule of their own, which limits their parameters.
LIMITED = {"htable.dump", "htable.get", "htable.reload", "pv.shvGet", "tm.t_uac_wait"}
FORBIDDEN = "The admin site has no such command.\n"


def define(name: str) -> str:
    """Return a regular expression of rpc_methods.cfg as Kamailio takes it."""
    (text,) = re.findall(rf'^#!define {name} "(.*)"$', RULES, re.MULTILINE)
    return str(text).replace("\\\\", "\\")


def texts() -> Iterator[str]:
    """Yield every text in the bridge's code that is no docstring: the names of methods are among them."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def ask(node: NodeProcess, body: str) -> tuple[int, str]:
    """Post a body as it is, with the right token."""
    connection = http.client.HTTPConnection(HOST, node.parameters.rpc_port, timeout=10)
    try:
        connection.request("POST", "/RPC", body.encode(), {"X-RPC-Token": node.parameters.rpc_token})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def request(method: str, *params: str | int) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})


def test_the_list_is_what_the_code_asks(kamailio_process: NodeProcess) -> None:
    """Both ways: a method that the code begins to use is missing here, and one that it no longer uses is too much."""
    known = set(kamailio_process.parameters.rpc().call("system.listMethods"))
    assert "core.kill" in known
    used = known & set(texts())
    admitted = {method for method in known if re.fullmatch(define("RPC_METHODS"), method)}
    assert {"dispatcher.reload", "uac.reg_dump", "core.uptime"} <= used
    assert sorted(admitted | (LIMITED & known)) == sorted(used)
    assert not admitted & LIMITED


def test_the_hash_tables_are_those_of_the_code() -> None:
    named = {
        node.value.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(target, ast.Name) and target.id.endswith("HASH_TABLE") for target in node.targets)
    }
    assert set(define("RPC_HASH_TABLES").split("|")) == named


@pytest.mark.parametrize(
    "method",
    ["core.kill", "core.psx", "htable.sets", "htable.seti", "htable.delete", "htable.flush", "htable.store", "cfg.seti",
     "cfg.sets", "dispatcher.add", "dispatcher.set_state", "uac.reg_add", "uac.reg_reload", "tm.t_uac_start",
     "pv.shvSet", "tm.t_uac_wait_block", "core.shmmem", "permissions.testUri", "mt.list", "core.versions",
     "xcore.version", "", "."],
)  # fmt: skip
def test_other_methods_are_refused(method: str, kamailio_process: NodeProcess) -> None:
    assert ask(kamailio_process, request(method)) == (403, FORBIDDEN)
    assert ask(kamailio_process, request("core.uptime"))[0] == 200, "it goes on"


def spellings(method: str) -> list[str]:
    """Return the ways to say it that a JSON parser takes."""
    plain, good = request(method), request("core.uptime")
    hidden = "".join(f"\\u{ord(character):04x}" for character in method)
    return [
        f"[{plain}]",
        f"[{good}, {plain}]",
        f"[{plain}, {good}]",
        f"{plain}\n{good}",
        f"{good}\n{plain}",
        f"{plain}{good}",
        f" {plain}",
        f"{plain} ",
        plain.replace(method, hidden),
        plain.replace("method", "m\\u0065thod"),
        plain.replace('"params": []', '"params": [], "method": "core.uptime"'),
        good.replace('"params": []', f'"params": [], "method": "{method}"'),
        good.replace('"id": 7', f'"method": "{method}", "id": 7'),
        good.replace('"params": []', f'"params": {{"method": "{method}"}}'),
        good.replace('"params": []', f'"params": ["a\\\\", "], "method": "{method}", "x": ["]'),
        good.replace('"params": []', f'"params": ["a"], "method": "{method}"'),
        plain.replace('"jsonrpc": "2.0", ', ""),
        plain.replace('"id": 7, ', ""),
        plain.replace("7", "1e1"),
        json.dumps({"method": method, "jsonrpc": "2.0", "id": 7, "params": []}),
        plain + "\0",
        "\0" + plain,
        good[:-1] + f', "method": "{method}"}}',
        "{" + f'"x": {good}, "method": "{method}"' + "}",
        good.replace("[]", json.dumps(["x" * 9000])),
        "",
        "{",
        "null",
    ]


@pytest.mark.parametrize("number", range(len(spellings("core.kill"))))
def test_no_spelling_gets_another_method_in(number: int, kamailio_process: NodeProcess) -> None:
    pid = kamailio_process.pid
    body = spellings("core.kill")[number]
    assert ask(kamailio_process, body) == (403, FORBIDDEN), body
    assert kamailio_process.is_running
    assert (kamailio_process.pid, ask(kamailio_process, request("core.uptime"))[0]) == (pid, 200)


def call_to_nobody(
    r_uri: str = "sip:dsiprouter-test@127.0.0.1:9",
    receiver: str = "sip:dsiprouter-test@127.0.0.1",
    more: str = "",
    body: str = "",
) -> tuple[str, ...]:
    """Return the parameters of an INVITE that tests a password."""
    headers = f"From: <sip:1000@127.0.0.1>\r\nTo: <{receiver}>\r\nCall-ID: test-0123456789abcdef\r\n"
    headers += "Contact: <sip:dsiprouter-test@127.0.0.1>\r\n" + more
    return "INVITE", r_uri, "sip:127.0.0.1:9", "", headers, body


@pytest.mark.parametrize(
    ("method", "params", "admitted"),
    [
        ("htable.get", ("dsiprouter", "dsiprouter:revision"), True),
        ("htable.dump", ("registrars",), True),
        ("htable.get", ("strangers", "x"), False),
        ("htable.dump", ("dsiprouterx",), False),
        ("htable.reload", (), False),
        ("pv.shvGet", ("node",), True),
        ("pv.shvGet", ("node", "x"), False),
        ("pv.shvGet", (), False),
        ("uac.reg_info", ("l_uuid", "carrier-1"), True),
        ("uac.reg_info", ("l_uuid", 'quoted " and \\ back'), True),
        ("mtree.match", ("routes", "o9", "0"), True),
        ("tm.t_uac_wait", ("INVITE", "sip:900@127.0.0.1:9", "", "", "From: <sip:a@b>\r\n", ""), False),
        ("tm.t_uac_wait", call_to_nobody(), True),
        ("tm.t_uac_wait", call_to_nobody(r_uri="sip:900@127.0.0.1:9"), False),
        ("tm.t_uac_wait", call_to_nobody(r_uri="sip:dsiprouter-test@127.0.0.1:9?To=sip:900@b"), False),
        ("tm.t_uac_wait", call_to_nobody(receiver="sip:900@127.0.0.1"), False),
        ("tm.t_uac_wait", call_to_nobody(receiver="sip:dsiprouter-test@b>, <sip:900@b"), False),
        ("tm.t_uac_wait", call_to_nobody(more="Route: <sip:127.0.0.1:9;lr>\r\n"), False),
        ("tm.t_uac_wait", call_to_nobody(more='Authorization: Digest a="b"\r\n'), True),
        ("tm.t_uac_wait", call_to_nobody(more='Authorization: Digest a="b"\r\nRoute: <sip:127.0.0.1:9;lr>\r\n'), False),
        ("tm.t_uac_wait", call_to_nobody(body="v=0"), False),
        ("tm.t_uac_wait", ("MESSAGE", "sip:900@127.0.0.1:9", "", "", "From: <sip:a@b>\r\n", ""), False),
        ("tm.t_uac_wait", ("OPTIONS", "sip:127.0.0.1:9", "", "", "From: <sip:a@b>\r\n\r\nINVITE sip:x", ""), False),
        ("tm.t_uac_wait", ("OPTIONS", "sip:127.0.0.1:9", "", "", "From: <sip:a@b>\n\nINVITE sip:x", ""), False),
    ],
)  # fmt: skip
def test_parameters_are_limited_where_they_decide(
    method: str, params: tuple[str, ...], admitted: bool, kamailio_process: NodeProcess
) -> None:
    assert (ask(kamailio_process, request(method, *params)) != (403, FORBIDDEN)) is admitted


def test_what_is_refused_says_what_to_do(node: Node) -> None:
    with pytest.raises(
        NodeRefused, match=r"does not admit this command, because its configuration is of another version"
    ):
        node.rpc.call("core.shmmem")


def answers_to(bodies: list[str], node: NodeProcess) -> list[Any]:
    return [ask(node, body)[0] for body in bodies]


def test_the_site_s_own_requests_are_admitted_with_and_without_blanks(kamailio_process: NodeProcess) -> None:
    compact = json.dumps(json.loads(request("mtree.match", "routes", "o9", "0")), separators=(",", ":"))
    assert answers_to([request("core.uptime"), request("uac.reg_dump"), compact], kamailio_process) != [403, 403, 403]
    assert answers_to([request("core.uptime"), request("uac.reg_dump")], kamailio_process) == [200, 200]
