"""Pages for what goes wrong: a sentence that says what to do, and never a stack trace."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from dsiprouter.urls import urlpatterns as our_urls

pytestmark = pytest.mark.django_db


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a sentence for developers")


urlpatterns = [*our_urls, path("fail/", fail)]


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
    assert "Nothing was changed: what was sent is too large, or damaged." in answer.content.decode()


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
    assert "Something went wrong in dSIPRouter itself" in html
    assert "Traceback" not in html
    assert "a sentence for developers" not in html
