"""Guessing one name's password from many addresses: slowed down, and its owner is not locked out by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dsiprouter.logins import name_delays
from dsiprouter.models import NameDelay
from tests.security.test_login import PASSWORD

HOME, ELSEWHERE = "192.0.2.10", "192.0.2.20"

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what lets time pass, for the delays alone."""
    now = timezone.now()

    class Clock:
        @staticmethod
        def now() -> datetime:
            return now

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += timedelta(seconds=seconds)

    monkeypatch.setattr(name_delays, "timezone", Clock)
    return pass_by


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("alice", None, PASSWORD)


def log_in(password: str = "wrong", *, address: str, name: str = "alice", client: Client | None = None) -> HttpResponse:
    client = client or Client()
    return client.post("/admin/login/", {"username": name, "password": password}, REMOTE_ADDR=address)


def guess(times: int, name: str = "alice", first: int = 1) -> list[int]:
    """Guess from as many addresses, so that none of them is closed."""
    return [log_in(address=f"198.51.100.{first + number}", name=name).status_code for number in range(times)]


def test_guesses_of_many_addresses_are_slowed_down(user: User, clock: Callable[[float], None]) -> None:
    assert guess(10) == [200] * 10
    assert guess(2, first=20) == [200, 429]  # the next turn is a second later
    answer = log_in(PASSWORD, address=ELSEWHERE)
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert "Too many logins with this name failed. Try again in 1 s" in answer.content.decode()
    failures = NameDelay.objects.get().failures
    assert failures == 11  # what comes too early is not tried, and doesn't count
    pauses = []
    for number in range(8):
        clock(60)
        assert log_in(address=f"198.51.100.{100 + number}").status_code == 200
        pauses.append(int(log_in(address=f"198.51.100.{200 + number}")["Retry-After"]))
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60]


def test_the_owner_gets_in_meanwhile_from_known_places(user: User, clock: Callable[[float], None]) -> None:
    browser = Client()
    assert log_in(PASSWORD, address=HOME, client=browser).status_code == 302
    cookie = browser.cookies["known_browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 90 * 24 * 3600)
    guess(12)
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 429
    assert log_in(PASSWORD, address=HOME).status_code == 302  # its address is known
    browser.cookies.pop("sessionid")
    assert log_in(PASSWORD, address="203.0.113.99", client=browser).status_code == 302  # and its browser


def test_a_cookie_of_one_name_is_none_of_another(user: User, clock: Callable[[float], None]) -> None:
    User.objects.create_superuser("mallory", None, PASSWORD)
    browser = Client()
    assert log_in(PASSWORD, address=HOME, name="mallory", client=browser).status_code == 302
    guess(11)
    browser.cookies.pop("sessionid")
    assert log_in(PASSWORD, address=ELSEWHERE, client=browser).status_code == 429
    forged = Client()
    forged.cookies["known_browser"] = browser.cookies["known_browser"].value + "x"
    assert log_in(PASSWORD, address=ELSEWHERE, client=forged).status_code == 429


def test_a_known_browser_may_not_guess_without_end(user: User, clock: Callable[[float], None]) -> None:
    browser = Client()
    log_in(PASSWORD, address=HOME, client=browser)
    browser.cookies.pop("sessionid")
    assert [log_in(address=HOME, client=browser).status_code for _ in range(5)][-1] == 429  # its address is closed


def test_who_waits_gets_a_turn_and_silence_is_forgotten(user: User, clock: Callable[[float], None]) -> None:
    guess(11)
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 429
    clock(2)
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 302
    guess(5, first=50)
    clock(3601)
    assert guess(10, first=100) == [200] * 10


def test_a_closed_address_takes_nobodys_turn(user: User, clock: Callable[[float], None]) -> None:
    assert [log_in(address=HOME).status_code for _ in range(6)] == [200, 200, 200, 200, 429, 429]
    guess(12)
    clock(60)
    assert [log_in(address=HOME).status_code for _ in range(3)] == [429] * 3
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 302


def test_the_command_lets_the_owner_in(user: User, clock: Callable[[float], None]) -> None:
    guess(12)
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 429
    out = StringIO()
    call_command("reset_login_delay", "alice", stdout=out)
    call_command("reset_login_delay", "alice", stdout=out)
    assert out.getvalue() == "alice: 11 failed logins forgotten.\nalice: no failed logins.\n"
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 302


def test_other_names_are_not_slowed_down_and_unknown_ones_are(user: User, clock: Callable[[float], None]) -> None:
    assert guess(12, name="nobody") == [200] * 11 + [429]
    assert log_in(PASSWORD, address=ELSEWHERE).status_code == 302


def test_no_name_is_stored(user: User, clock: Callable[[float], None]) -> None:
    log_in(address=HOME, name="a password in the wrong field")
    log_in(address=HOME, name="A PASSWORD in the wrong field")
    (delay,) = NameDelay.objects.all()
    assert "password" not in delay.name
    assert delay.failures == 2
    assert str(delay) == "2 failures"


@pytest.mark.parametrize("second_factor", [False, True])
def test_the_right_password_of_who_may_not_log_in_counts(
    user: User, settings: Settings, second_factor: bool, clock: Callable[[float], None]
) -> None:
    settings.DSIPROUTER_SECOND_FACTOR = second_factor
    User.objects.create_user("customer", password=PASSWORD)
    User.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    for name in ("customer", "gone"):
        wrong, right = (log_in(password, address=HOME, name=name) for password in ("wrong", PASSWORD))
        assert (wrong.status_code, right.status_code) == (200, 200)
        assert said(wrong) == said(right)
    assert NameDelay.objects.count() == 2
    assert {delay.failures for delay in NameDelay.objects.all()} == {2}
    assert log_in(PASSWORD, address=HOME, name="customer").status_code == 429  # the fifth of this address


def test_a_right_password_without_a_code_counts(user: User, settings: Settings, clock: Callable[[float], None]) -> None:
    settings.DSIPROUTER_SECOND_FACTOR = True
    assert [log_in(PASSWORD, address=HOME).status_code for _ in range(5)] == [200, 200, 200, 200, 429]


def said(answer: HttpResponse) -> str:
    return answer.content.decode().partition('<p class="errornote">')[2].partition("</p>")[0]
