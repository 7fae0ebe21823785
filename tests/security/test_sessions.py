"""One's own sessions: they end when nobody uses them, and one can see them and end the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dsiprouter.logins.session_views import browser_in_words
from dsiprouter.models import SiteSession
from tests.security.test_login import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("alice", None, PASSWORD)


def logged_in(name: str = "alice", *, address: str = "192.0.2.10", browser: str = FIREFOX) -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": browser})
    assert client.post("/admin/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def row_of(client: Client) -> SiteSession:
    return SiteSession.objects.get(session_key=client.cookies["sessionid"].value)


def unused_for(client: Client, minutes: float) -> None:
    SiteSession.objects.filter(pk=row_of(client).pk).update(seen=timezone.now() - timedelta(minutes=minutes))


def test_a_session_that_nobody_uses_ends_and_says_why(user: User) -> None:
    client = logged_in()
    unused_for(client, 59)
    assert client.get("/admin/").status_code == 200
    unused_for(client, 60)
    answer = client.get("/admin/carriers/carriergroup/", follow=True)
    assert answer.redirect_chain == [("/admin/login/?next=/admin/carriers/carriergroup/", 302)]
    assert client.post("/admin/kamailio/reload/").status_code == 302
    assert not SiteSession.objects.filter(user_id=user.pk).exists()


def test_the_login_page_says_why(user: User) -> None:
    client = logged_in()
    unused_for(client, 61)
    html = client.get("/admin/", follow=True).content.decode()
    assert "You were logged out, because no page was opened for 60 minutes." in html


def test_pages_are_a_use_and_what_scripts_ask_for_is_none(user: User) -> None:
    client = logged_in()
    unused_for(client, 50)
    client.get("/admin/kamailio/waiting/count/", headers={"sec-fetch-mode": "cors"})
    assert timezone.now() - row_of(client).seen > timedelta(minutes=49)
    client.get("/admin/", headers={"sec-fetch-mode": "navigate"})
    assert timezone.now() - row_of(client).seen < timedelta(minutes=1)


def test_pages_in_one_minute_are_written_down_once(user: User) -> None:
    client = logged_in()
    client.get("/admin/")
    seen = row_of(client).seen
    client.get("/admin/carriers/carriergroup/")
    assert row_of(client).seen == seen


def test_the_time_limit_is_a_setting(user: User, settings: Settings) -> None:
    client = logged_in()
    settings.DSIPROUTER_IDLE_MINUTES = 0
    unused_for(client, 600)
    assert client.get("/admin/").status_code == 200
    settings.DSIPROUTER_IDLE_MINUTES = 5
    unused_for(client, 6)
    assert client.get("/admin/").status_code == 302


def test_using_a_session_does_not_prolong_the_working_day(user: User) -> None:
    client = logged_in()
    ends = row_of(client).expire_date
    unused_for(client, 30)
    client.get("/admin/")
    assert row_of(client).expire_date == ends


def shown(client: Client) -> list[Any]:
    return client.get("/admin/sessions/").context["sessions"]


def test_one_sees_ones_own_sessions(user: User) -> None:
    User.objects.create_superuser("bob", None, PASSWORD)
    here, there = logged_in(), logged_in(address="192.0.2.20", browser=CHROME)
    logged_in("bob", address="192.0.2.30")
    unused_for(there, 5)
    rows = shown(here)
    assert [(row.browser, row.address, row.is_this) for row in rows] == [
        ("Firefox on Linux", "192.0.2.10", True),
        ("Chrome on Windows", "192.0.2.20", False),
    ]
    html = here.get("/admin/sessions/").content.decode()
    assert not any(client.cookies["sessionid"].value in html for client in (here, there))


def test_ending_the_others(user: User, login: Callable[..., Client]) -> None:
    User.objects.create_superuser("bob", None, PASSWORD)
    here, there, bob = logged_in(), logged_in(), logged_in("bob")
    answer = here.post("/admin/sessions/end/", follow=True)
    assert "1 other session ended." in answer.content.decode()
    assert there.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == bob.get("/admin/").status_code == 200
    assert "There was no other session." in here.post("/admin/sessions/end/", follow=True).content.decode()
    assert here.get("/admin/sessions/end/").status_code == 405
    assert Client().post("/admin/sessions/end/").status_code == 302
    strict = login("superuser", enforce_csrf_checks=True)
    assert strict.post("/admin/sessions/end/").status_code == 403


def test_logging_out_and_cleaning_up_remove_the_rows(user: User) -> None:
    here, there = logged_in(), logged_in()
    here.post("/admin/logout/")
    assert SiteSession.objects.filter(user_id=user.pk).count() == 1
    SiteSession.objects.filter(pk=row_of(there).pk).update(expire_date=timezone.now() - timedelta(days=1))
    call_command("clearsessions")
    assert not SiteSession.objects.exists()


def test_a_login_from_elsewhere_in_the_same_browser_is_shown_from_there(user: User) -> None:
    client = logged_in()
    client.post("/admin/logout/")
    client.defaults["REMOTE_ADDR"] = "192.0.2.99"
    client.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert [row.address for row in shown(client)] == ["192.0.2.99"]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (CHROME + " Edg/140.0", "Edge on Windows"),
        ("curl/8.0", "curl/8.0"),
        ("", "unknown"),
        ("<script>" + "x" * 300, "<script>" + "x" * 52),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words


def test_what_a_browser_says_is_escaped_and_bounded(user: User) -> None:
    client = logged_in(browser="<script>alert(1)</script>" + "x" * 500)
    html = client.get("/admin/sessions/").content.decode()
    assert "<script>alert" not in html
    assert len(row_of(client).browser) == 200
