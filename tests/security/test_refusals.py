"""What the log says of refused requests: a line for some, no stack trace, and a count of the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from dsiprouter import settings
from dsiprouter.failures import refused_requests as refusals
from dsiprouter.failures.refused_requests import LINES_A_MINUTE, LONGEST_LINE, RefusalLogFilter

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    """Return the log as the console has it. The site's own console forgets what other tests made it leave out."""
    for handler in logging.getLogger().handlers:
        for found in handler.filters:
            if isinstance(found, RefusalLogFilter):
                monkeypatch.setattr(found, "_minutes", {})
    console = RefusalLogFilter()
    caplog.handler.addFilter(console)
    yield caplog
    caplog.handler.removeFilter(console)


def test_the_console_has_the_filter() -> None:
    configuration: Any = settings.LOGGING
    assert "refusals" in configuration["handlers"]["console"]["filters"]
    assert configuration["filters"]["refusals"]["()"].endswith(RefusalLogFilter.__name__)


@pytest.mark.parametrize("host", ["evil.example", "a_b", "x" * 5000, "[::", "localhost\tx", "@"])
@pytest.mark.parametrize("path", ["/", "/admin/login/", "/healthz", "/metrics", "/nowhere"])
def test_a_foreign_host_is_refused_in_one_line(log: pytest.LogCaptureFixture, host: str, path: str) -> None:
    answer = Client(headers={"host": host}).get(path)
    assert answer.status_code == 400
    assert len(log.records) == 1
    assert "Traceback" not in log.text
    assert [record for record in log.records if record.levelno > logging.WARNING] == []
    assert all(len(record.getMessage()) <= LONGEST_LINE + 1 for record in log.records)
    assert host[:20] not in answer.content.decode() or len(host) < 5


def test_a_flood_is_a_few_lines_and_a_count(log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(refusals.time, "monotonic", lambda: now)
    stranger = Client(headers={"host": "evil.example"})
    for _ in range(500):
        stranger.get("/admin/login/")
    assert len(log.records) == LINES_A_MINUTE
    now += 61
    stranger.get("/admin/login/")
    assert len(log.records) == LINES_A_MINUTE + 1
    assert log.records[-1].getMessage().endswith("(490 more of this kind were left out before)")


def test_a_look_up_that_no_list_offers_is_a_line(log: pytest.LogCaptureFixture, login: Callable[..., Client]) -> None:
    answer = login("viewer").get("/admin/history/historyentry/?changes__regex=x")
    assert answer.status_code == 400
    assert "the address has a filter that the list does not offer" in answer.content.decode()
    assert [(record.levelname, record.getMessage()) for record in log.records] == [
        ("WARNING", "Filtering by changes__regex not allowed")
    ]
    assert "Traceback" not in log.text


def test_a_fault_of_ours_keeps_its_trace() -> None:
    record = logging.LogRecord(
        "django.request", logging.ERROR, "x", 1, "Server Error", None, (RuntimeError, RuntimeError(), None)
    )
    assert RefusalLogFilter().filter(record)
    assert record.exc_info is not None
    assert record.levelno == logging.ERROR
