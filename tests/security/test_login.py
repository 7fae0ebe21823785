"""Logins: throttled by address, refused for weak passwords, ended after a working day."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from dsiprouter.logins.client_address import client_address

PASSWORD = "a staple for horses"
HOME, ELSEWHERE = "192.0.2.10", "192.0.2.20"

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("alice", None, PASSWORD)


def log_in(password: str, *, address: str = HOME, username: str = "alice") -> HttpResponse:
    return Client(REMOTE_ADDR=address).post("/admin/login/", {"username": username, "password": password})


def fail(times: int, **where: str) -> list[int]:
    return [log_in("wrong", **where).status_code for _ in range(times)]


def test_five_failures_close_the_address_and_say_how_to_go_on(user: User) -> None:
    assert fail(5) == [200, 200, 200, 200, 429]
    answer = log_in(PASSWORD)
    assert answer.status_code == 429
    html = answer.content.decode()
    assert "5 logins from your address failed" in html
    assert "until 15 minutes after" in html
    assert "manage.py axes_reset_ip" in html
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 302


def test_names_are_not_tried_out_one_by_one(user: User) -> None:
    assert [log_in("wrong", username=f"user{number}").status_code for number in range(5)][-1] == 429
    assert log_in(PASSWORD).status_code == 429


def test_failures_elsewhere_lock_nobody_out(user: User) -> None:
    fail(5, address=ELSEWHERE)
    assert log_in(PASSWORD).status_code == 302


def test_waiting_opens_the_address_even_if_one_went_on_trying(user: User) -> None:
    fail(7)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=15))
    assert log_in(PASSWORD).status_code == 302


def test_the_command_opens_the_address(user: User) -> None:
    fail(5)
    call_command("axes_reset_ip", HOME, stdout=StringIO())
    assert log_in(PASSWORD).status_code == 302


def test_an_administrator_opens_it_on_the_site(user: User) -> None:
    fail(5)
    client = Client(REMOTE_ADDR=ELSEWHERE)
    client.force_login(user)
    attempt = AccessAttempt.objects.get()
    assert client.get("/admin/axes/accessattempt/").status_code == 200
    client.post(f"/admin/axes/accessattempt/{attempt.pk}/delete/", {"post": "yes"})
    assert log_in(PASSWORD).status_code == 302


def test_no_password_is_kept(user: User) -> None:
    log_in("mistyped-password-1")
    attempt = AccessAttempt.objects.get()
    assert "mistyped-password-1" not in attempt.post_data + attempt.get_data


@pytest.fixture
def behind_tls(settings: Settings) -> None:
    settings.DSIPROUTER_TLS = True


def address_of(**meta: str) -> str:
    return client_address(RequestFactory().get("/", **meta))


def test_without_a_proxy_only_the_connection_counts() -> None:
    assert address_of(REMOTE_ADDR=HOME, HTTP_X_REAL_IP=ELSEWHERE, HTTP_X_FORWARDED_FOR=ELSEWHERE) == HOME


@pytest.mark.usefixtures("behind_tls")
@pytest.mark.parametrize(
    ("said", "counted"),
    [
        (ELSEWHERE, ELSEWHERE),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.20", ELSEWHERE),
        ("nonsense", "127.0.0.1"),
    ],
)
def test_behind_the_proxy_its_word_counts(said: str, counted: str) -> None:
    assert address_of(REMOTE_ADDR="127.0.0.1", HTTP_X_REAL_IP=said) == counted


def test_a_unix_socket_has_no_address() -> None:
    assert address_of(REMOTE_ADDR="") == "127.0.0.1"


@pytest.mark.parametrize("weak", ["eleven-char", "123456789012345", "administrator", "alice-alice-1"])
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(weak, User(username="alice-alice"))
    validate_password(PASSWORD, User(username="alice-alice"))


def test_a_login_lasts_a_working_day(user: User) -> None:
    cookie = log_in(PASSWORD).cookies["sessionid"]
    assert cookie["max-age"] == 12 * 3600
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_logging_in_changes_the_session_key(user: User) -> None:
    client = Client()
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key
    client.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert client.session.session_key != before


def test_the_console_tells_of_failures_and_not_of_every_login(user: User, caplog: pytest.LogCaptureFixture) -> None:
    assert log_in(PASSWORD).status_code == 302
    assert [record.getMessage() for record in caplog.records if record.name.startswith("axes")] == []
    fail(5)
    assert any("Locking out" in record.getMessage() for record in caplog.records if record.name.startswith("axes"))
