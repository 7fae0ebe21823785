"""A number in an address that no key can have: the page is not found, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.admin.forms import Carriers

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]

ADMINS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MUCH = 5000
NUMBERS = ("99999999999999999999", "9" * 40, "9" * MUCH, "-99999999999999999999")


@pytest.fixture
def client(login: Callable[..., Client], carriers: Carriers) -> Client:
    return login("superuser")


def pages_of_objects() -> list[str]:
    views = ("change", "history", "delete")
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=["KEY"])
        for model in ADMINS
        for view in views
    ] + [
        "/admin/auth/user/KEY/password/",
        "/admin/kamailio/revisions/KEY/roll-back/",
        "/admin/r/KEY/KEY/",
    ]


@pytest.mark.parametrize("address", pages_of_objects())
def test_a_number_that_is_too_large_is_not_found(client: Client, address: str) -> None:
    for number in NUMBERS:
        assert client.get(address.replace("KEY", number)).status_code == 404, number
        assert client.post(address.replace("KEY", number)).status_code in (404, 405), number


@pytest.mark.parametrize(
    "address",
    [
        "/admin/kamailio/nodes/KEY/take-over/",
        "/admin/kamailio/nodes/KEY/enable/",
        "/admin/kamailio/test/endpoint/KEY/",
        "/admin/kamailio/test/realm/KEY/",
        "/admin/kamailio/test/credential/KEY/",
    ],
)
def test_a_button_of_something_with_too_large_a_number(client: Client, address: str) -> None:
    for number in NUMBERS:
        assert client.post(address.replace("KEY", number)).status_code == 404, number


def test_numbers_in_queries_and_selections(client: Client) -> None:
    for number in NUMBERS:
        assert client.get(f"/admin/kamailio/registrations/?group={number}").status_code in (200, 404)
        for model in ADMINS:
            data = {"action": "delete_selected", "_selected_action": number, "post": "yes"}
            assert client.post(
                reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"), data
            ).status_code in (200, 302, 403), (model, number)
