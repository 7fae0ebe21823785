"""Lists answer what they offer: every model admin is asked for other things, as an address can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from carriers.offered_lookups import OfferedLookups, offered_parameters
from tests.admin.forms import Carriers

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]

ADMINS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LOOKUPS = (
    "",
    "exact",
    "iexact",
    "contains",
    "startswith",
    "regex",
    "iregex",
    "gt",
    "gte",
    "lt",
    "in",
    "isnull",
    "range",
)
HOSTILE = "^(([a-z])+.)+[A-Z]([a-z])+$"
MOMENT = "2026-11-01 00:00:00+00:00"  # a value that filters by date take
MUCH = 5000


def list_of(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def paths(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """Yield every field of a model, and of the models that it leads to."""
    for field in model._meta.get_fields():
        yield field.name
        related = field.related_model
        if depth > 1 and isinstance(related, type):
            yield from (f"{field.name}__{path}" for path in paths(related, depth - 1))


@pytest.fixture
def client(login: Callable[..., Client], carriers: Carriers) -> Client:
    return login("superuser")


def ask(client: Client, model: type[models.Model], query: str) -> HttpResponse:
    return client.get(f"{list_of(model)}?{query}")


def test_all_model_admins_are_asked_here() -> None:
    labels = {model._meta.label for model in ADMINS}
    expected = {"auth.User", "auth.Group", "axes.AccessAttempt", "history.HistoryEntry", "carriers.CarrierGroup"}
    assert expected | {"kamailio_bridge.Revision", "kamailio_bridge.KamailioNode"} <= labels
    assert [label for label, found in admin.site._registry.items() if not isinstance(found, OfferedLookups)] == []


@pytest.mark.parametrize("model", ADMINS, ids=lambda model: model._meta.label)
def test_only_the_look_ups_that_a_list_offers(model: type[models.Model]) -> None:
    found = admin.site.get_model_admin(model)
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    offered = offered_parameters(found, request)
    asked = {f"{path}__{lookup}".removesuffix("__") for path in paths(model) for lookup in LOOKUPS} | {"pk", "pk__in"}
    assert {name for name in asked if found.lookup_allowed(name, MOMENT, request)} == asked & offered
    assert not any(name.endswith(("regex", "contains", "__in", "__range")) for name in offered)
    assert found.lookup_allowed("anything", "1") is False


@pytest.mark.parametrize("model", ADMINS, ids=lambda model: model._meta.label)
def test_what_a_list_does_not_offer_is_refused(client: Client, model: type[models.Model]) -> None:
    field = model._meta.concrete_fields[-1].name
    for query in (
        {f"{field}__regex": HOSTILE},
        {"pk__in": "1,2"},
        {f"{field}__isnull": "banana"},
        {"nothing": "1"},
        {"e": "1", f"{field}__iregex": HOSTILE},
        {"o": ".".join(["1"] * MUCH)},
        {"o": "1;drop"},
    ):
        answer = ask(client, model, urlencode(query))
        assert answer.status_code == 400, query
    twice = urlencode([("q", "a"), ("q", "b")])
    assert ask(client, model, twice).status_code == 400


@pytest.mark.parametrize("model", ADMINS, ids=lambda model: model._meta.label)
def test_odd_values_of_what_a_list_offers(client: Client, model: type[models.Model]) -> None:
    """Each answer is the list, with or without a hint that the address was odd: never a fault of ours."""
    found = admin.site.get_model_admin(model)
    request = client.get(list_of(model)).wsgi_request
    numbers = ("0", "-1", "9999", "10000", "9" * 20, "9" * MUCH)
    texts = ("banana", "", "\0", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x" * MUCH)
    for name in (*sorted(offered_parameters(found, request)), "p", "all", "o", "_popup", "_facets", "e"):
        for value in (*numbers, *texts):
            answer = ask(client, model, urlencode({name: value}))
            assert answer.status_code in (200, 302, 400), (name, value)
            if answer.status_code == 302:
                assert answer["Location"].endswith("?e=1")
    answer = ask(client, model, urlencode({"e": "1", "p": "99"}))
    assert b"database installation" not in answer.content


@pytest.mark.parametrize("model", ADMINS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("term", ["x" * 201, "a " * 11, "a " * MUCH])
def test_a_search_has_a_bounded_length(client: Client, model: type[models.Model], term: str) -> None:
    answer = ask(client, model, urlencode({"q": term}))
    assert answer.status_code == 200
    if admin.site.get_model_admin(model).search_fields:
        assert [str(message) for message in answer.context["messages"]] == [
            "Nothing was searched: enter at most 10 words and 200 characters."
        ]
        assert answer.context["cl"].result_count == 0


def test_a_field_that_completes_itself_has_the_same_bound(client: Client) -> None:
    where = {"app_label": "carriers", "model_name": "outboundroutegroup", "field_name": "group"}
    assert [
        len(client.get("/admin/autocomplete/", {**where, "term": term}).json()["results"])
        for term in ("Acme", "Acme " * 11, "A" * 201)
    ] == [1, 0, 0]


def test_an_action_on_a_search_that_is_too_long_touches_nothing(client: Client, carriers: Carriers) -> None:
    data = {"action": "delete_selected", "_selected_action": carriers.group.pk, "select_across": "1", "post": "yes"}
    client.post(f"/admin/carriers/carriergroup/?{urlencode({'q': 'a ' * 11})}", data)
    carriers.group.refresh_from_db()


def test_offered_filters_still_filter(client: Client) -> None:
    for query, count in (
        ("enabled__exact=1", 1),
        ("enabled__exact=0", 0),
        ("endpoints__transport__exact=tcp", 1),
        ("authentication=password", 1),
        ("q=acme&o=-1", 1),
    ):
        assert client.get(f"/admin/carriers/carriergroup/?{query}").context["cl"].result_count == count, query
