"""``manage.py runlocal`` as a process of its own: its output, and the site that it serves."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kamailio_bridge.nodes.rpc import Rpc
from tests.mariadb import HOST

ROOT = Path(__file__).resolve().parents[2]


class Runlocal:
    """One running command: what it said so far, and its exit status when it ended."""

    def __init__(self, environment: Mapping[str, str], arguments: tuple[str, ...]) -> None:
        self.environment = environment
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "manage.py", "runlocal", *arguments],
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if "DATABASE_URL" not in name},
                "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def wait_for(self, text: str, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert time.monotonic() < deadline, self.said
            assert self.process.poll() is None or text in self.said or self._reader.is_alive(), self.said
            time.sleep(0.02)

    def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal if there is one to send, and return the exit status."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(90)
        self._reader.join(5)
        return status

    def rpc(self, method: str) -> object:
        token = (Path(self.environment["DSIPROUTER_HOME"]) / "rpc_token").read_text(encoding="ascii").strip()
        return Rpc(f"http://{HOST}:{self.environment['DSIPROUTER_RPC_PORT']}/RPC", token, 5).call(method)

    def page(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(HOST, int(self.environment["DSIPROUTER_WEB_PORT"]), timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@contextmanager
def runlocal(environment: Mapping[str, str], *arguments: str) -> Iterator[Runlocal]:
    run = Runlocal(environment, arguments)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.process.terminate()
        run.end()
        assert run.process.stdout is not None
        run.process.stdout.close()


def ports_are_free(environment: Mapping[str, str]) -> bool:
    for name in ("DSIPROUTER_SIP_PORT", "DSIPROUTER_RPC_PORT", "DSIPROUTER_WEB_PORT"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, int(environment[name])))
    return True
