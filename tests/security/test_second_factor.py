"""The second factor: off unless a setting says so; then nobody gets in without a code, and each code counts once."""

from __future__ import annotations

import re
import time
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

PASSWORD = "a staple for horses"

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture(autouse=True)
def second_factor(settings: Settings) -> None:
    settings.DSIPROUTER_SECOND_FACTOR = True


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("alice", None, PASSWORD)


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("second_factor", *arguments, stdout=out)
    return out.getvalue()


def recovery_codes(said: str) -> list[str]:
    return re.findall(r"^  ([a-z]{5}-[a-z]{5})$", said, flags=re.MULTILINE)


def code(user: User) -> str:
    totp = TOTP(TOTPDevice.objects.get(user=user).bin_key)
    totp.time = time.time()
    return f"{totp.token():06d}"


def log_in(client: Client, otp_token: str = "", *, password: str = PASSWORD) -> HttpResponse:
    data = {"username": "alice", "password": password, "otp_token": otp_token}
    return client.post("/admin/login/?next=/admin/", data)


def said(answer: HttpResponse) -> str:
    html = answer.content.decode()
    return html.partition('<p class="errornote">')[2].partition("</p>")[0]


def test_off_it_asks_for_no_code(user: User, settings: Settings) -> None:
    settings.DSIPROUTER_SECOND_FACTOR = False
    client = Client()
    assert "otp_token" not in client.get("/admin/login/").content.decode()
    assert log_in(client).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert "does not ask for it yet" in command("alice")


def test_password_and_code_let_in(user: User) -> None:
    shown = command("alice")
    client = Client()
    assert 'name="otp_token"' in client.get("/admin/login/").content.decode()
    assert said(log_in(client)).startswith("Also enter the code")
    assert client.get("/admin/").status_code == 302
    assert log_in(client, code(user)).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert re.search(r"Secret: [A-Z2-7]{32} ", shown)
    assert "█" in shown or "▄" in shown


def test_a_code_counts_once_and_a_wrong_one_makes_wait(user: User) -> None:
    command("alice")
    once = code(user)
    assert log_in(Client(), once).status_code == 302
    assert said(log_in(Client(), once)).startswith("The code is wrong, was used already")


def test_a_session_from_before_the_setting_is_asked_again(user: User) -> None:
    client = Client()
    client.force_login(user)
    assert client.get("/admin/").status_code == 302
    assert client.post("/admin/kamailio/reload/").status_code == 302


def test_recovery_codes_count_once_and_are_replaced(user: User) -> None:
    first, *_, last = old = recovery_codes(command("alice"))
    assert len(set(old)) == 10
    assert log_in(Client(), first.upper()).status_code == 302
    assert log_in(Client(), first).status_code == 200
    new = recovery_codes(command("alice", "--recovery-codes"))
    assert not set(old) & set(new)
    assert log_in(Client(), last).status_code == 200
    # Wrong codes make the device wait; the new one has seen one of them.
    assert TOTPDevice.objects.filter(user=user).exists()


def test_without_one_the_sentence_says_what_to_do(user: User) -> None:
    assert said(log_in(Client(), "123456")).endswith("manage.py second_factor alice.")


def test_only_the_right_password_learns_anything(user: User) -> None:
    assert "code" not in said(log_in(Client(), "123456", password="wrong"))


def test_trying_codes_out_closes_the_address(user: User) -> None:
    command("alice")
    statuses = [log_in(Client(), f"00000{number}").status_code for number in range(5)]
    assert statuses[-1] == 429
    assert log_in(Client(), code(user)).status_code == 429


def test_taking_it_away(user: User) -> None:
    command("alice")
    assert command("alice", "--remove") == "alice has no second factor any more.\n"
    assert command("alice", "--remove") == "alice had no second factor.\n"
    assert not TOTPDevice.objects.exists()
    with pytest.raises(CommandError, match="no user “bob”"):
        command("bob")


def test_a_name_with_letters_that_a_shell_decomposed(user: User) -> None:
    User.objects.create_user("jörg", None, PASSWORD)
    assert command("jo\u0308rg", "--remove") == "jörg had no second factor.\n"


def test_no_page_shows_its_secrets(user: User) -> None:
    shown = command("alice")
    client = Client()
    log_in(client, code(user))
    html = client.get("/admin/").content.decode() + client.get(f"/admin/auth/user/{user.pk}/change/").content.decode()
    assert TOTPDevice.objects.get().key not in html
    codes = recovery_codes(shown)
    assert len(codes) == 10
    assert not any(code in html for code in codes)
    for address in ("otp_totp/totpdevice", "otp_static/staticdevice"):
        assert client.get(f"/admin/{address}/").status_code == 404
