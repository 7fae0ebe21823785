"""A local Kamailio as a child process, for ``manage.py runlocal`` and for tests. Production has its own service.

All files of a run (log, pid file, control socket) are in one folder, which is Kamailio's working directory: the path of
a Unix socket is limited to 107 characters, and a home folder may be deeper.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from types import TracebackType
from typing import Self

from kamailio_bridge.local.foreign_processes import ForeignProcess
from kamailio_bridge.local.kamailio_log import explain
from kamailio_bridge.local.kamailio_parameters import NodeNotStarted, NodeParameters
from kamailio_bridge.local.run_record import remove_run_record, write_run_record
from kamailio_bridge.nodes.rpc import RpcError

START_SECONDS = 60.0
STOP_SECONDS = 10.0
GONE_SECONDS = 2.0
ADOPT_SECONDS = 5.0
RECENT_LOOKS = 20  # log lines older than this many looks did not cause the end


def _closed_to_others(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class NodeProcess:
    """One local Kamailio, which is started or adopted, then watched and stopped."""

    def __init__(self, parameters: NodeParameters) -> None:
        self.parameters = parameters
        self._process: subprocess.Popen[bytes] | ForeignProcess | None = None
        self._log_sizes: deque[int] = deque([0], maxlen=RECENT_LOOKS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look(self) -> bool:
        """Return whether it runs. Call it often: ``failure`` reads only the log of the last ``RECENT_LOOKS`` calls."""
        if self.is_running:
            self._log_sizes.append(self._log_size())
            return True
        return False

    def adopt(self, pid: int) -> bool:
        """Adopt a Kamailio that an earlier process started, and return whether it answers."""
        try:
            self._process = ForeignProcess(pid)
        except ProcessLookupError:
            return False
        self._log_sizes.append(self._log_size())
        self._log_sizes.popleft()
        try:
            self.parameters.rpc(timeout=ADOPT_SECONDS).call("core.uptime")
        except RpcError:
            return False
        return True

    def start(self, timeout: float = START_SECONDS) -> None:
        """Start Kamailio and return when it answers. Raises ``NodeNotStarted``."""
        parameters = self.parameters
        for port in parameters.ports():
            if problem := port.problem():
                raise NodeNotStarted(problem)
        parameters.write_files()
        with contextlib.suppress(FileNotFoundError):
            parameters.log.replace(parameters.log.with_suffix(".log.1"))
        self._log_sizes = deque([0], maxlen=RECENT_LOOKS)
        with open(parameters.log, "wb", opener=_closed_to_others) as log:
            self._process = subprocess.Popen(
                parameters.command(),
                cwd=parameters.folder,
                env=parameters.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends us, and we stop Kamailio
            )
        try:
            write_run_record(parameters, self._process.pid)
            self._wait_until_it_answers(timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Stop Kamailio and all its processes. Safe to repeat."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        # Kill what is left of the process group, such as workers that outlived their parent. Its ports are free once
        # the group is gone.
        deadline = time.monotonic() + GONE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            while time.monotonic() < deadline:
                os.killpg(process.pid, 0)
                time.sleep(0.01)
        remove_run_record(self.parameters)

    def failure(self) -> str:
        """Return in one sentence why Kamailio ended: by its signal, or by its last log lines."""
        status = self._process.poll() if self._process is not None else None
        killed_by = -status if status is not None and status < 0 else None
        recent = self.log_text(since=self._log_sizes[0])
        return f"Kamailio stopped: {explain(recent, killed_by)} Its log is {self.parameters.log}."

    def log_text(self, since: int = 0) -> str:
        """Return the log of this start from a byte offset."""
        try:
            return self.parameters.log.read_bytes()[since:].decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def _log_size(self) -> int:
        try:
            return self.parameters.log.stat().st_size
        except FileNotFoundError:
            return 0

    def _wait_until_it_answers(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        rpc = self.parameters.rpc(timeout=2.0)
        while True:
            if not self.is_running:
                raise NodeNotStarted(self.failure())
            try:
                rpc.call("core.uptime")
            except RpcError as error:
                if time.monotonic() > deadline:
                    raise NodeNotStarted(
                        f"Kamailio runs, but did not answer within {timeout:g} s: {error}"
                        f" Its log is {self.parameters.log}."
                    ) from None
            else:
                return
            time.sleep(0.05)
