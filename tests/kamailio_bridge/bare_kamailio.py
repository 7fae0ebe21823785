"""A Kamailio that only loads tables and answers JSON-RPC: enough to see what it loads from a database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.mariadb import HOST, free_port

CONFIGURATION = """#!KAMAILIO
debug=2
log_stderror=yes
children=1
socket_workers=1
listen=udp:{host}:{port}
tcp_children=1
tcp_accept_no_cl=yes
listen=tcp:{host}:{port}
dns=no
loadmodule "{driver}.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
loadmodule "dispatcher.so"
loadmodule "mtree.so"
loadmodule "permissions.so"
loadmodule "htable.so"
loadmodule "uac.so"
loadmodule "drouting.so"
modparam("jsonrpcs", "transport", 1)
modparam("dispatcher", "db_url", "{url}")
modparam("dispatcher", "flags", 2)
modparam("mtree", "db_url", "{url}")
modparam("mtree", "mtree", "name=routes;dbtable=mtree")
modparam("mtree", "char_list", "0123456789*#+ois")
modparam("permissions", "db_url", "{url}")
modparam("permissions", "db_mode", 1)
modparam("permissions", "load_backends", 1)
modparam("htable", "db_url", "{url}")
modparam("htable", "htable", "dsiprouter=>size=6;dbtable=htable;")
modparam("uac", "reg_db_url", "{url}")
modparam("uac", "reg_contact_addr", "{host}:{port}")
modparam("drouting", "db_url", "{url}")
request_route {{
    exit;
}}
event_route[xhttp:request] {{
    jsonrpc_dispatch();
}}
"""


class NotStarted(Exception):
    """Kamailio ended, or does not answer. ``str()`` is the end of its log."""


class BareKamailio:
    """A running one."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://{HOST}:{port}/RPC"
        self.log = log

    def rpc(self, method: str, *params: str) -> Any:
        """Call a method and return its result."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer = requests.post(self.url, json=body, timeout=10).json()
        assert "result" in answer, answer
        return answer["result"]

    def complaints(self) -> list[str]:
        """Return what it logged as an error or a warning about types, tables and rows."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in ("ERROR", "CRITICAL", "decltype", "skipping"))]


@contextmanager
def bare_kamailio(folder: Path, url: str) -> Iterator[BareKamailio]:
    """Run Kamailio on the database at ``url``, as Kamailio writes it, and stop it at the end."""
    program = shutil.which("kamailio", path="/usr/sbin:/usr/local/sbin")
    assert program, "kamailio is missing. Install it: apt-get install -y kamailio"
    port = free_port()
    driver = "db_sqlite" if url.startswith("sqlite") else "db_mysql"
    configuration = folder / "kamailio.cfg"
    configuration.write_text(CONFIGURATION.format(host=HOST, port=port, url=url, driver=driver), encoding="utf-8")
    node = BareKamailio(port, folder / "kamailio.log")
    with node.log.open("wb") as log:
        process = subprocess.Popen(
            [program, "-DD", "-E", "-f", configuration, "-m", "64", "-M", "8", "-w", folder, "-Y", folder],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 15
        while True:
            try:
                node.rpc("core.version")
                break
            except requests.RequestException:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotStarted(node.log.read_text(encoding="utf-8", errors="replace")[-5000:]) from None
                time.sleep(0.05)
        yield node
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children would outlive it
            process.wait()
