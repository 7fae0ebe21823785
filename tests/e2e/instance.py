"""A whole instance of the product from outside, by the commands of an operator."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.mariadb import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


class Instance:
    """``manage.py runlocal`` with a home, ports and databases of its own."""

    def __init__(self, home: Path, databases: Mapping[str, str]) -> None:
        self.home = home
        self.sip_port = free_port()
        self.web_port = free_port()
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("DSIPROUTER_", "KAMAILIO_"))
        }
        inherited.pop("DATABASE_URL", None)
        self.environment = {
            **inherited,
            **databases,
            "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
            "DSIPROUTER_HOME": str(home),
            "DSIPROUTER_SIP_PORT": str(self.sip_port),
            "DSIPROUTER_RPC_PORT": str(free_port()),
            "DSIPROUTER_WEB_PORT": str(self.web_port),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def proxy(self) -> str:
        return f"{HOST}:{self.sip_port}"

    @property
    def site(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    def manage(self, *arguments: str, document: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the product until it ends; a document is its standard input."""
        return subprocess.run(
            [sys.executable, "-W", "error", "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=document,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def done(self, *arguments: str, document: str = "") -> str:
        """Run a command that must succeed, and return its output."""
        result = self.manage(*arguments, document=document)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    @contextmanager
    def running(self, *, web: bool = False) -> Iterator[None]:
        """Run the local Kamailio, with ``web`` the web server, too."""
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "manage.py", "runlocal", *([] if web else ["--no-web"])],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_until_it_runs(process, said)
                yield
            finally:
                process.terminate()
                process.wait(30)

    def report(self) -> str:
        """Return Kamailio's log for the report of a failure."""
        text = (self.home / "kamailio" / "kamailio.log").read_text(encoding="utf-8", errors="replace")
        return text.replace((self.home / "rpc_token").read_text(encoding="ascii").strip(), "[secret]")


def wait_until_it_runs(process: subprocess.Popen[bytes], said: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        said.seek(0)
        text = said.read()
        if "Ctrl-C stops." in text:
            return
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
