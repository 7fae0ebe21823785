"""A pytest plugin for the run without mutants: how long each test takes, and which fail by themselves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

RESULTS = "MUTANT_RESULTS"  # environment variable: the file to write

_seconds: dict[str, float] = {}
_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # of pytest-xdist's processes, the one that hears of all tests
        results = {"seconds": _seconds, "failed": sorted(_failed)}
        Path(os.environ[RESULTS]).write_text(json.dumps(results), encoding="utf-8")
