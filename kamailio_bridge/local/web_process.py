"""The web server of ``manage.py runlocal`` as a child process, which is restarted when it ends or hangs.

The parent holds the listening socket: browsers wait while a new web server starts. It does nothing else that could
fail, so Kamailio and its calls don't depend on any web page.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings

from kamailio_bridge.local.kamailio_parameters import program

START_SECONDS = 60.0  # for loading the code from a slow disk
HANG_SECONDS = 30.0
STOP_SECONDS = 8.0
FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0
STEADY_SECONDS = 60.0  # after this uptime the next delay is FIRST_DELAY


class WebProcess:
    """One web server at a time on one local port. ``say`` is called with a sentence for each event."""

    def __init__(
        self, address: str, port: int, say: Callable[[str], None], *, hang_seconds: float = HANG_SECONDS
    ) -> None:
        """Listen. Raises ``OSError`` when the port can't be used."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        self._socket.listen(1024)
        self._say = say
        self._hang_seconds = hang_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._pulse = -1
        self._started = self._moved = self._due = 0.0
        self._delay = FIRST_DELAY
        self.is_ready = False

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def watch(self) -> None:
        """Check the web server: start one when it is due, report one that ended or hangs. Call it often."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._start(now)
            return
        if self._process.poll() is not None:
            self._gone(now, f"ended: {_how(self._process.returncode)}")
            return
        if self._read_pulse():
            self._moved = now
            self.is_ready = True
        patience = self._hang_seconds if self.is_ready else max(START_SECONDS, self._hang_seconds)
        if now - self._moved > patience:
            self._process.kill()
            self._process.wait()
            self._gone(now, f"did not respond for {patience:g} s and was killed")

    def stop(self) -> None:
        """Stop, after a few seconds for requests in progress. Safe to repeat."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process.kill()
            self._process.wait()
            self._forget()
        self._socket.close()

    def _start(self, now: float) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            self._process = subprocess.Popen(
                [
                    *(program("setpriv", "util-linux"), "--pdeathsig", "KILL"),  # it does not outlive us
                    *(sys.executable, *(f"-W{option}" for option in sys.warnoptions)),
                    *("-m", "kamailio_bridge.local.web_server", str(self._socket.fileno()), str(writing)),
                ],
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                pass_fds=(self._socket.fileno(), writing),
                start_new_session=True,  # Ctrl-C ends us, and we stop the web server
            )
        finally:
            os.close(writing)
        self._pulse = reading
        self._started = self._moved = now
        self.is_ready = False

    def _gone(self, now: float, what: str) -> None:
        if now - self._started > STEADY_SECONDS:
            self._delay = FIRST_DELAY
        self._say(
            f"The web server (process {self.pid}) {what}. It is restarted in {self._delay:g} s;"
            " Kamailio and its calls are not affected."
        )
        self._due = now + self._delay
        self._delay = min(2 * self._delay, LONGEST_DELAY)
        self._forget()

    def _forget(self) -> None:
        os.close(self._pulse)
        self._process = None
        self.is_ready = False

    def _read_pulse(self) -> bool:
        try:
            return bool(os.read(self._pulse, 4096))
        except BlockingIOError:
            return False


def _how(status: int) -> str:
    """Return how a process ended: ``exit status 1``, ``signal 9 (Killed)``."""
    if status >= 0:
        return f"exit status {status}"
    return f"signal {-status} ({signal.strsignal(-status)})"
