"""The collector of ``manage.py runlocal`` as a child process, which is started again when it ends."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings

from kamailio_bridge.local.kamailio_parameters import program

PAUSE_SECONDS = 10.0
STOP_SECONDS = 8.0


class CollectorProcess:
    """One collector at a time. ``say`` is called with a sentence when it ended."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._due = 0.0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def watch(self) -> None:
        """Start it when it is due, and report one that ended. Call it often."""
        if self._process is not None and self._process.poll() is not None:
            self._say(
                f"The collector (process {self.pid}) ended with status {self._process.returncode}."
                f" It is started again in {PAUSE_SECONDS:g} s; Kamailio and its calls are not affected."
            )
            self._process = None
            self._due = time.monotonic() + PAUSE_SECONDS
        if self._process is None and time.monotonic() >= self._due:
            self._process = subprocess.Popen(
                [
                    *(program("setpriv", "util-linux"), "--pdeathsig", "KILL"),  # it does not outlive us
                    *(sys.executable, *(f"-W{option}" for option in sys.warnoptions)),
                    *("manage.py", "collect"),
                ],
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C ends us, and we stop it
            )

    def stop(self) -> None:
        """Stop it. Safe to repeat."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._process.kill()
        self._process.wait()
        self._process = None
