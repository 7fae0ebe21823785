"""A login that ends while somebody types: the server's answers. tests/browser tests the page."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from carriers.models import CarrierGroup
from dsiprouter.models import SiteSession
from tests.admin.forms import Carriers

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])

STATE = "/admin/login-state/"


def test_a_page_is_told_who_is_logged_in_and_the_token_of_now(operator: Client, carriers: Carriers) -> None:
    answer = operator.get(STATE)
    assert answer.json()["user"] == "operator"
    assert len(answer.json()["token"]) == 64
    assert "no-store" in answer.headers["Cache-Control"]
    assert operator.post(STATE).status_code == 405


def test_strangers_are_told_nothing(db: None) -> None:
    answer = Client().get(STATE)
    assert (answer.json(), dict(answer.cookies)) == ({"user": "", "token": ""}, {})


def test_every_page_asks_before_it_sends(operator: Client, carriers: Carriers) -> None:
    for url in (carriers.group_url, carriers.pbx_url, "/admin/carriers/carriergroup/add/", "/admin/password_change/"):
        html = operator.get(url).content.decode()
        assert f'data-url="{STATE}" data-login="/admin/login/?next=/admin/" data-user="operator"' in html


def test_what_is_sent_without_a_login_is_not_stored_and_this_is_reported(operator: Client, carriers: Carriers) -> None:
    SiteSession.objects.all().delete()
    answer = operator.post(carriers.group_url, {"name": "typed for an hour", "password": "hidden-word"}, follow=True)
    assert answer.redirect_chain == [(f"/admin/login/?next={carriers.group_url}", 302)]
    html = unescape(answer.content.decode())
    assert "Your login had ended, so what you sent was not stored." in html
    assert "typed for an hour" not in html
    assert "hidden-word" not in html
    assert CarrierGroup.objects.get(pk=carriers.group.pk).name == carriers.group.name
    assert "Your login had ended" not in operator.get("/admin/login/").content.decode()


def test_who_only_opens_a_page_is_told_nothing_of_the_kind(carriers: Carriers) -> None:
    html = Client().get(carriers.group_url, follow=True).content.decode()
    assert "Log in" in html
    assert "had ended" not in html
