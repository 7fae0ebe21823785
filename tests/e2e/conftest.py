"""A Kamailio for the run, a scene for each test, and Kamailio's log in the report of each failure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol, runtime_checkable

import pytest

from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene


@runtime_checkable
class Reports(Protocol):
    """A fixture that adds text to the report of a failure."""

    def report(self) -> str:
        """Return the text, without secrets."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add Kamailio's log to the report of a failed test."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Reports):
                report.sections.append((f"Kamailio's log ({name})", value.report()))
    return report


@pytest.fixture(scope="session")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start one Kamailio for all scenes: each begins with an apply of its own rows."""
    with running_node(tmp_path_factory.mktemp("edge")) as process:
        yield process


@pytest.fixture
def scene(edge: NodeProcess, transactional_db: None) -> Iterator[Scene]:
    scene = Scene(edge)
    yield scene
    scene.close()
