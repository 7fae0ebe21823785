"""Pages for errors: a sentence that says what to do, and never a stack trace."""

from __future__ import annotations

import errno
from collections.abc import Callable
from html import unescape

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from dsiprouter.urls import handler500 as our_handler500
from dsiprouter.urls import urlpatterns as our_urls

pytestmark = pytest.mark.django_db


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a sentence for developers")


def refuse(request: HttpRequest) -> HttpResponse:
    """Fail as databases, disks and keys do."""
    raise FAILURES[request.GET["as"]]


FAILURES: dict[str, Exception] = {
    "down": OperationalError(2003, "Can't connect to MySQL server on 'db.inside.example'"),
    "full": OperationalError("database or disk is full"),
    "read-only": OperationalError(1290, "running with the --read-only option"),
    "held": OperationalError("database is locked"),
    "characters": DataError(1366, "Incorrect string value: secret-value"),
    "tables": ProgrammingError(1146, "Table 'dsiprouter.carriers_carriergroup' doesn't exist"),
    "disk": OSError(errno.ENOSPC, "No space left on device", "/home/somebody/static"),
    "key": ImproperlyConfigured("/home/somebody/credential_key holds something that is no Fernet key"),
}
urlpatterns = [*our_urls, path("fail/", fail), path("refuse/", refuse)]
handler500 = "dsiprouter.failures.error_pages.server_error"


def test_forbidden(login: Callable[..., Client], caplog: pytest.LogCaptureFixture) -> None:
    answer = login("viewer").get("/admin/kamailio/waiting/")
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.content.decode()
    refused = [record for record in caplog.records if record.name == "django.request"]
    assert [record.getMessage() for record in refused] == ["Forbidden (Permission denied): /admin/kamailio/waiting/"]
    assert "Traceback" not in caplog.text


def test_more_than_the_site_takes(login: Callable[..., Client]) -> None:
    answer = login("operator").post("/admin/carriers/carriergroup/add/", {"name": "x" * 3_000_000})
    assert answer.status_code == 400
    assert "Nothing was changed: what was sent is too large or damaged" in answer.content.decode()


def test_a_form_that_is_too_old(login: Callable[..., Client]) -> None:
    answer = login("operator", enforce_csrf_checks=True).post("/admin/kamailio/reload/")
    assert answer.status_code == 403
    assert "Nothing was changed. Go back, reload the page and try again" in answer.content.decode()


def test_a_button_that_was_pressed_before_the_login(login: Callable[..., Client]) -> None:
    answer = login("operator").get("/admin/kamailio/reload/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "Nothing was changed: only a button leads here" in answer.content.decode()


def test_not_found(login: Callable[..., Client]) -> None:
    answer = login("viewer").get("/nowhere/")
    assert answer.status_code == 404
    assert "The address is wrong" in answer.content.decode()


@pytest.mark.urls("tests.admin.test_error_pages")
def test_a_fault_of_ours_shows_no_stack_trace() -> None:
    answer = Client(raise_request_exception=False).get("/fail/")
    assert answer.status_code == 500
    html = answer.content.decode()
    assert "An error occurred in dSIPRouter itself" in html
    assert "Traceback" not in html
    assert "a sentence for developers" not in html


@pytest.mark.urls("tests.admin.test_error_pages")
@pytest.mark.parametrize(
    ("failure", "reported"),
    [
        ("down", "The database can't be reached."),
        ("full", "The database is full."),
        ("read-only", "The database is read-only."),
        ("held", "The database is held by another program."),
        ("characters", "another character set than utf8mb4."),
        ("tables", "The database lacks the tables of this version."),
        ("disk", "The disk of the web server is full."),
        ("key", "A setting or a key of this site is wrong or damaged."),
    ],
)
def test_what_fails_outside_is_reported_in_one_true_sentence(
    failure: str, reported: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The page names no host, no user and no path, because anybody may see it; the log has them in one line."""
    answer = Client(raise_request_exception=False).get(f"/refuse/?as={failure}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    html = unescape(answer.content.decode())
    assert reported in html
    assert "Try again in a moment." in html
    for hidden in ("example", "somebody", "secret-value", "carriergroup", "Traceback"):
        assert hidden not in html
    (line,) = [record for record in caplog.records if record.name == "django.request"]
    assert str(FAILURES[failure].args[-1]).split("'")[0][:20] in line.getMessage()
    assert "Traceback" not in caplog.text


def test_the_site_has_these_pages() -> None:
    assert handler500 == our_handler500
