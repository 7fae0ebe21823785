"""The pipe to a Kamailio on the same machine: answers as by HTTP, of any length; and HTTP where there is no pipe."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from kamailio_bridge.local.kamailio_parameters import FIFO_NAME
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.models import KamailioNode, local_node_rpc
from kamailio_bridge.nodes.rpc import CallFailed, InvalidAnswer, NodeTimeout, NodeUnreachable, Rpc
from kamailio_bridge.tables.models import Mtree
from tests.kamailio_bridge.http_node import free_port, http_node, results

DATAGRAM = 131_072  # bytes: what a datagram of Kamailio's holds at most


@pytest.fixture
def rpc(kamailio_process: NodeProcess) -> Rpc:
    """Return a client without a token and at a port where nobody listens: what it learns, it learns by the pipe."""
    return Rpc("http://127.0.0.1:1/RPC", "", 20, fifo=kamailio_process.parameters.folder / FIFO_NAME)


def pipes(rpc: Rpc) -> list[Path]:
    assert rpc.fifo is not None
    return [path for path in rpc.fifo.parent.iterdir() if path.is_fifo()]


def test_it_says_what_http_says(rpc: Rpc, kamailio_process: NodeProcess) -> None:
    by_http = kamailio_process.parameters.rpc()
    for method, *params in (("core.version",), ("system.listMethods",), ("permissions.addressDump",)):
        assert rpc.call(method, *params) == by_http.call(method, *params)
    with pytest.raises(CallFailed) as by_pipe:
        rpc.call("uac.reg_info", "l_uuid", "carrier-1")
    assert (by_pipe.value.code, by_pipe.value.message) == (404, "Record not found")


@pytest.mark.parametrize("text", ["'", '"', "\\", '\\"', "\\\\", "{", "}", "a\\", "é", "\U0001f4de", '"}{"', "\r\n\t"])
def test_odd_characters_do_not_confuse_the_end_of_a_request(text: str, rpc: Rpc) -> None:
    """Kamailio counts braces and quotes itself; what it miscounts would swallow the next request."""
    with pytest.raises(CallFailed, match="Key name doesn't exist"):
        rpc.call("htable.get", "dsiprouter", text)
    assert rpc.call("core.version").startswith("kamailio")


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_an_answer_of_any_length_comes_through(rpc: Rpc) -> None:
    Mtree.objects.bulk_create(Mtree(tprefix=f"o{number}", tvalue="dsiprouter:1") for number in range(100_000, 104_000))
    rpc.call("mtree.reload", "routes")
    entries = rpc.call("mtree.list", "routes")
    assert len(entries) == 4_000
    assert len(json.dumps(entries)) > DATAGRAM
    Mtree.objects.all().delete()
    Mtree.objects.create(tprefix="s", tvalue="dsiprouter:")
    rpc.call("mtree.reload", "routes")


def test_many_ask_at_once_and_each_gets_its_own_answer(rpc: Rpc) -> None:
    def ask(number: int) -> list[str]:
        keys = [f"key-{number}-{turn}" for turn in range(20)]
        return [key for key in keys if key not in _refusal(rpc, key)]

    with ThreadPoolExecutor(20) as pool:
        assert [wrong for wrongs in pool.map(ask, range(20)) for wrong in wrongs] == []
    assert pipes(rpc) == [rpc.fifo], "each answer's pipe is gone"


def _refusal(rpc: Rpc, key: str) -> str:
    """Ask something that is answered with the request's own words."""
    with pytest.raises(CallFailed) as failed:
        rpc.call(key)
    assert failed.value.message == "Method Not Found"
    return str(failed.value)


def test_who_gives_up_leaves_nothing_behind_and_delays_nobody(rpc: Rpc) -> None:
    for _ in range(5):
        with pytest.raises((NodeTimeout, NodeUnreachable)):
            replace(rpc, timeout=0.0002).call("system.listMethods")
    assert rpc.call("core.version").startswith("kamailio")
    assert pipes(rpc) == [rpc.fifo]


# --- Where it is not there ---


def no_pipe(_path: Path) -> None:
    """Leave it away."""


def stale_pipe(path: Path) -> None:
    os.mkfifo(path)


def plain_file(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize("make", [no_pipe, stale_pipe, plain_file])
def test_without_a_reader_the_port_is_asked(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / FIFO_NAME
    make(path)
    with http_node(results(core__version="by HTTP")) as node:
        assert Rpc(node.url, "token", 5, fifo=path).call("core.version") == "by HTTP"
    with pytest.raises(NodeUnreachable, match="connection refused"):
        Rpc(f"http://127.0.0.1:{free_port()}/RPC", "token", 5, fifo=path).call("core.version")
    assert [left for left in tmp_path.iterdir() if left != path] == []


def test_what_is_answered_later_goes_by_http(rpc: Rpc) -> None:
    """Kamailio puts off the answer to tm.t_uac_wait, and can do so for HTTP alone."""
    with http_node(results(tm__t_uac_wait=[200, "OK", "Via: x"])) as node:
        assert replace(rpc, url=node.url).call("tm.t_uac_wait", "OPTIONS", "sip:x", "", "", "", "")[0] == 200


def test_a_long_request_goes_by_http(rpc: Rpc) -> None:
    """What is longer than a pipe takes in one piece could be torn apart by another's."""
    with http_node(results(htable__get="by HTTP")) as node:
        assert replace(rpc, url=node.url).call("htable.get", "dsiprouter", "x" * 5_000) == "by HTTP"


# --- Where something else answers ---


@contextmanager
def other_reader(folder: Path, reply: Callable[[Path], None]) -> Iterator[Path]:
    """Read requests from a pipe as Kamailio would, and let ``reply`` treat the pipe of the answer."""
    fifo = folder / FIFO_NAME
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDWR)

    def serve() -> None:
        while (data := os.read(descriptor, 65_536)) != b"end":
            reply(folder / json.loads(data)["reply_name"])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield fifo
    finally:
        os.write(descriptor, b"end")
        thread.join()
        os.close(descriptor)


def test_a_question_that_stays_unanswered_is_put_again_by_http_and_a_change_is_not(tmp_path: Path) -> None:
    with (
        other_reader(tmp_path, lambda _: None) as fifo,
        http_node(results(core__version="by HTTP", dispatcher__reload="Ok.")) as node,
    ):
        rpc = Rpc(node.url, "token", 0.5, fifo=fifo)
        assert rpc.call("core.version") == "by HTTP"
        with pytest.raises(NodeTimeout):
            rpc.call("dispatcher.reload")
        assert [body["method"] for body, _ in node.requests] == ["core.version"]
    assert [left for left in tmp_path.iterdir() if left != fifo] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b'{"id": 1, "result": 1, "error": 2}'])
def test_what_is_no_answer_is_reported(content: bytes, tmp_path: Path) -> None:
    with other_reader(tmp_path, lambda path: _ignore(path.write_bytes(content))) as fifo, pytest.raises(InvalidAnswer):
        Rpc("http://127.0.0.1:1/RPC", "token", 5, fifo=fifo).call("core.version")


def _ignore(_result: Any) -> None:
    return None


@pytest.mark.parametrize(("same_user", "mode"), [(True, 0o600), (False, 0o620)])
def test_only_kamailio_may_write_the_answer(
    same_user: bool, mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kamailio's own user, or where that is another one than the site's, the group of its pipe."""
    modes: list[int] = []
    if not same_user:
        monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)

    def reply(path: Path) -> None:
        modes.append(stat.S_IMODE(path.stat().st_mode))
        path.write_bytes(b"{}")

    with other_reader(tmp_path, reply) as fifo, pytest.raises(InvalidAnswer):
        Rpc("http://127.0.0.1:1/RPC", "token", 5, fifo=fifo).call("core.version")
    assert modes == [mode]


# --- Which nodes have it ---


def test_the_local_node_has_it_entered_or_not(settings: Settings) -> None:
    settings.DSIPROUTER_RPC_ADDRESS, settings.DSIPROUTER_RPC_PORT = "127.0.0.1", 5062
    assert local_node_rpc().fifo == settings.DSIPROUTER_RPC_FIFO
    assert KamailioNode(name="here", rpc_url="http://127.0.0.1:5062/RPC").rpc().fifo == settings.DSIPROUTER_RPC_FIFO
    assert KamailioNode(name="there", rpc_url="http://10.0.0.5:5062/RPC").rpc().fifo is None
    assert KamailioNode(name="other", rpc_url="http://127.0.0.1:5063/RPC").rpc().fifo is None


def test_the_pipe_is_closed_to_others(kamailio_process: NodeProcess) -> None:
    folder = kamailio_process.parameters.folder
    assert stat.S_IMODE((folder / FIFO_NAME).stat().st_mode) == 0o660, "the site's user is in the group"
