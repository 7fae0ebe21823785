"""A fork server as its caller sees it, and the run that records which tests reach which mutant."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.mutants import forkserver, recording, switch
from tests.mutants.targets import MARKERS, TEST_FOLDERS
from tests.mutants.tree import WARM_UP, environment


class Broken(Exception):
    """Tests can't be run in the copy. ``str()`` says why."""


@dataclass(frozen=True)
class Recorded:
    """What the run without mutants showed."""

    seconds: dict[str, float]  # how long each test took
    failed: list[str]  # tests that fail without any mutant: they kill none
    reach: dict[int, set[str]]  # the tests that ask each switch; "" is an import


@dataclass(frozen=True)
class Copy:
    """A copied tree, a folder for what its tests leave behind, and which tests of it are run with which seed."""

    tree: Path
    scratch: Path
    seed: int
    folders: tuple[str, ...] = TEST_FOLDERS

    def start(self, *arguments: str, variables: dict[str, str], log: IO[str], **options: Any) -> subprocess.Popen[str]:
        """Start pytest in the copy."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--hypothesis-seed={self.seed}"]
        return subprocess.Popen(
            [*command, "-m", MARKERS, *arguments, *self.folders],
            cwd=self.tree,
            env=environment(self.scratch) | variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )


def record(copy: Copy, *, workers: int, limit: float) -> Recorded:
    """Run once all tests that may kill. Raises ``Broken``, or ``subprocess.TimeoutExpired`` after ``limit`` seconds."""
    records, results = copy.scratch / "records", copy.scratch / "results.json"
    records.mkdir()
    variables = {switch.RECORDS: str(records), recording.RESULTS: str(results)}
    with (copy.scratch / "recording.log").open("w+", encoding="utf-8") as log:
        process = copy.start("-n", str(workers), "-p", "tests.mutants.recording", variables=variables, log=log)
        try:
            process.wait(limit)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        if not results.exists():
            log.seek(0)
            raise Broken(log.read())
    found = json.loads(results.read_text(encoding="utf-8"))
    reach: dict[int, set[str]] = {}
    for file in records.iterdir():
        for line in file.read_text(encoding="utf-8").splitlines():
            number, _, nodeid = line.partition(" ")
            reach.setdefault(int(number), set()).add(nodeid)
    return Recorded(found["seconds"], found["failed"], reach)


@dataclass(frozen=True)
class Answer:
    """What became of tests: all passed, or which failed and how."""

    failed: str | None
    how: str = ""


class ForkServer:
    """A pytest that has collected the tests of a copied tree and made its databases; ``active`` from the start on."""

    def __init__(self, copy: Copy, *, active: int = 0) -> None:
        their_requests, our_requests = os.pipe()
        our_answers, their_answers = os.pipe()
        variables = {
            switch.ACTIVE: str(active),
            forkserver.REQUESTS: str(their_requests),
            forkserver.ANSWERS: str(their_answers),
        }
        self._log = (copy.scratch / f"server-{active}-{time.monotonic_ns()}.log").open("w+", encoding="utf-8")
        self.process = copy.start(
            *("-p", "tests.mutants.forkserver", WARM_UP),
            variables=variables,
            log=self._log,
            pass_fds=(their_requests, their_answers),
        )
        os.close(their_requests)
        os.close(their_answers)
        self._requests = os.fdopen(our_requests, "w", encoding="utf-8")
        self._answers = os.fdopen(our_answers, encoding="utf-8")

    def wait(self) -> set[int]:
        """Return the switches that were asked before any test. Raises ``Broken`` if the server does not come up."""
        hello = self._answer()
        if not hello["warm"]:
            raise Broken("The databases can't be made.")
        return set(hello["asked"])

    def run(self, active: int, tests: Sequence[str], limits: Sequence[float]) -> Answer:
        """Run tests in their order, with a limit in seconds each, until one fails."""
        request = {"active": active, "tests": tests, "limits": limits}
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        answer = self._answer()
        return Answer(answer["failed"], answer["how"])

    def _answer(self) -> Any:
        line = self._answers.readline()
        if not line:
            self._log.seek(0)
            raise Broken(self._log.read())
        return json.loads(line)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Let it end, and take the databases away."""
        with suppress(BrokenPipeError):
            self._requests.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._answers.close()
        self._log.close()
