"""A pytest plugin: collect once, make the databases once, then run tests in forked children as requests ask.

A request is a line of JSON: ``{"active": number, "tests": [node IDs], "limits": [seconds]}``. The answer is another:
``{"failed": node ID or null, "how": "assertion", "time limit" or "crash"}``, for the first test that failed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest
from django.conf import settings
from django.db import connections
from hypothesis import settings as hypothesis_settings

from tests.mutants.tree import WARM_UP

REQUESTS = "MUTANT_REQUESTS"  # environment variables: file descriptors
ANSWERS = "MUTANT_ANSWERS"


class Failures:
    """Remembers which test failed."""

    def __init__(self) -> None:
        self.nodeid: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.nodeid is None:
            self.nodeid = report.nodeid


def pytest_configure() -> None:
    """Keep no examples: one that killed a mutant must not meet the next, or the result would depend on their order."""
    hypothesis_settings.register_profile("mutants", database=None)
    hypothesis_settings.load_profile("mutants")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Take the place of pytest's own loop."""
    import mutant_switch  # type: ignore[import-not-found]  # noqa: PLC0415 - exists in the copied tree only

    items = {item.nodeid: item for item in session.items}
    failures = Failures()
    session.config.pluginmanager.register(failures)
    # With another test to follow, the session's fixtures stay, and so do the databases.
    run_item(items[WARM_UP], next(item for item in session.items if item.nodeid != WARM_UP))
    connections.close_all()
    home = Path(settings.DSIPROUTER_HOME)
    pristine = home.with_name(f"{home.name}-pristine")
    shutil.copytree(home, pristine)
    with (
        os.fdopen(int(os.environ[REQUESTS]), encoding="utf-8") as requests,
        os.fdopen(int(os.environ[ANSWERS]), "w", encoding="utf-8") as answers,
    ):
        say(answers, {"warm": failures.nodeid is None, "asked": sorted(mutant_switch.asked)})
        for line in requests:
            request = json.loads(line)
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.setsid()
                os.close(reading)
                try:
                    with os.fdopen(writing, "w", encoding="utf-8") as told:
                        mutant_switch.activate(request["active"])
                        run_items([items[nodeid] for nodeid in request["tests"]], failures, told)
                finally:
                    os._exit(0)
            os.close(writing)
            say(answers, watch(child, reading, request))
            shutil.rmtree(home)
            shutil.copytree(pristine, home)
    return True


def say(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def run_item(item: pytest.Item, next_item: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)


def run_items(items: list[pytest.Item], failures: Failures, told: IO[str]) -> None:
    """In a child: run tests until one fails, and tell of each start, and of the end."""
    state = items[0].session._setupstate
    state.teardown_exact(items[0])  # such as the package of the test that should have followed
    for index, item in enumerate(items):
        print("start", file=told, flush=True)
        run_item(item, items[index + 1] if index + 1 < len(items) else None)
        if failures.nodeid is not None:
            print("failed", file=told, flush=True)
            break
    else:
        print("passed", file=told, flush=True)
    # What tests started, such as a Kamailio, ends with the session's fixtures.
    state.teardown_exact(None)


def watch(child: int, reading: int, request: dict[str, Any]) -> dict[str, Any]:
    """Wait for a child, and end it when a test takes longer than its limit."""
    tests, limits = request["tests"], request["limits"]
    index, buffer = -1, b""
    deadline = time.monotonic() + 30
    answer: dict[str, Any] = {}
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(reading, 65536) if ready else b""
        if not data:
            if not answer:
                answer = {"failed": tests[max(index, 0)], "how": "crash" if ready else "time limit"}
            break
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            if line == b"start":
                index += 1
                deadline = time.monotonic() + limits[index]
            else:
                answer = {"failed": tests[index] if line == b"failed" else None, "how": "assertion"}
                deadline = time.monotonic() + 30  # for what the fixtures have to end
    os.close(reading)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return answer
