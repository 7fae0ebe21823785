"""The hunt: which mutants do the tests kill?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from queue import Empty, Queue

from tests.mutants.candidates import Mutant
from tests.mutants.server import Answer, Broken, Copy, ForkServer, Recorded
from tests.mutants.targets import mirrored_tests

SLOWER = 5  # a test that takes so many times what it took without a mutant, and the grace, hangs


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: the test that killed it and how, or none after how many tests."""

    mutant: Mutant
    killer: str | None
    how: str
    tests: int
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        return self.killer is not None


@dataclass
class Hunt:
    """Everything that the workers share."""

    copy: Copy
    mutants: dict[int, Mutant]
    files: dict[str, int]  # the number of each file's own switch
    recorded: Recorded
    deadline: float
    report: Callable[[Verdict], None]
    grace: float = 10.0  # seconds
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    unreliable: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    _servers: list[ForkServer] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, workers: int) -> None:
        """Try all mutants, those first that may take longest, until the deadline."""
        queue: Queue[int] = Queue()
        for number in sorted(self.mutants, key=self._cost, reverse=True):
            queue.put(number)
        threads = [threading.Thread(target=self._work, args=(queue,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # also when the run is interrupted
            self.deadline = 0.0
            for server in self._servers:
                server.kill()

    @contextmanager
    def _server(self, active: int = 0) -> Iterator[ForkServer]:
        """Start a fork server that is ended at the deadline, whatever it does."""
        server = ForkServer(self.copy, active=active)
        self._servers.append(server)
        watch = threading.Timer(max(0.0, self.deadline - time.monotonic()), server.kill)
        watch.daemon = True
        watch.start()
        try:
            yield server
        finally:
            watch.cancel()
            server.end()

    def _work(self, queue: Queue[int]) -> None:
        try:
            with self._server() as server:
                before = server.wait()
                while time.monotonic() < self.deadline:
                    self._take(queue.get_nowait(), server, before)
        except Empty:
            pass
        except (Broken, BrokenPipeError) as error:
            if time.monotonic() < self.deadline:
                self.errors.append(str(error))

    def _take(self, number: int, server: ForkServer, before: set[int]) -> None:
        started = time.monotonic()
        cold = number in before or "" in self.recorded.reach.get(number, set())
        verdict = self._cold(number, server) if cold else self._try(number, server, server)
        verdict = replace(verdict, seconds=time.monotonic() - started)
        with self._lock:
            self.verdicts[number] = verdict
            self.report(verdict)

    def _cold(self, number: int, healthy: ForkServer) -> Verdict:
        """Try a mutant that an import reaches: it must be switched on before the first import."""
        with self._server(active=number) as server:
            try:
                server.wait()
            except Broken:
                if time.monotonic() >= self.deadline:
                    raise
                return Verdict(self.mutants[number], "the import", "crash", 0)
            return self._try(number, server, healthy)

    def _try(self, number: int, server: ForkServer, healthy: ForkServer) -> Verdict:
        """Run the tests until one fails that passes without the mutant."""
        tests = self.tests(number)
        left = tests
        while left:
            answer = self._run(server, number, left)
            if answer.failed is None:
                break
            if self._run(healthy, 0, [answer.failed]).failed is None:
                return Verdict(self.mutants[number], answer.failed, answer.how, len(tests))
            with self._lock:
                self.unreliable.add(answer.failed)
            left = left[left.index(answer.failed) + 1 :]
        return Verdict(self.mutants[number], None, "", len(tests))

    def _run(self, server: ForkServer, active: int, tests: list[str]) -> Answer:
        return server.run(active, tests, [self.grace + SLOWER * self.recorded.seconds[test] for test in tests])

    def tests(self, number: int) -> list[str]:
        """Return the tests that can kill a mutant: those that reach it, its own file's and quick ones first.

        What an import reaches can matter to every test: first those that reach its file, then all others.
        """
        reach = self.recorded.reach.get(number, set())
        if "" in reach:
            near = self.recorded.reach.get(self.files[self.mutants[number].path], set())
            return [*self._sorted(number, near), *self._sorted(number, self.recorded.seconds.keys() - near)]
        return list(self._sorted(number, reach))

    def _sorted(self, number: int, tests: set[str]) -> Iterator[str]:
        own = tuple(mirrored_tests(self.mutants[number].path))
        usable = tests & (self.recorded.seconds.keys() - self.recorded.failed)
        yield from sorted(usable, key=lambda test: (not test.startswith(own), self.recorded.seconds[test], test))

    def _cost(self, number: int) -> float:
        return sum(self.recorded.seconds[test] for test in self.tests(number))
