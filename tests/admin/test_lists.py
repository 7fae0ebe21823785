"""Lists: what they show, how they are searched and filtered, and how many queries they cost."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from tests.admin.forms import GROUPS, Carriers, fields_of

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


def make_groups(first: int, count: int) -> None:
    groups = CarrierGroup.objects.bulk_create(CarrierGroup(name=f"group {n:05}") for n in range(first, first + count))
    Endpoint.objects.bulk_create(
        Endpoint(group=group, position=position, host=f"gw{position}.g{group.pk}.example")
        for group in groups
        for position in range(1, 11)
    )
    SourceNetwork.objects.bulk_create(SourceNetwork(group=group, network="192.0.2.0/24") for group in groups)
    AuthCredential.objects.bulk_create(
        AuthCredential(group=group, username=f"user{group.pk}", registrar="sip.example") for group in groups[::2]
    )


def queries_of(client: Client, url: str) -> list[str]:
    client.get(url)  # what is cached between requests is cached now
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def test_the_list_costs_the_same_for_twenty_and_two_thousand_groups(operator: Client) -> None:
    queries = ("", "?q=gw1", "?authentication=ip", "?endpoints__transport__exact=udp", "?o=2.3", "?p=1&_facets=True")
    make_groups(0, 20)
    few = {query: len(queries_of(operator, GROUPS + query)) for query in queries}
    make_groups(20, 1980)
    many = {query: len(queries_of(operator, GROUPS + query)) for query in queries}
    assert CarrierGroup.objects.count() == 2000
    assert many == few
    assert all(count <= MOST_QUERIES for query, count in many.items() if "facets" not in query), many
    response = operator.get(GROUPS)
    assert len(response.context["cl"].result_list) == 25
    assert all(len(group.first_addresses) == 3 for group in response.context["cl"].result_list)


def test_the_page_of_a_group_costs_the_same_for_one_and_thirty_endpoints(operator: Client, carriers: Carriers) -> None:
    few = queries_of(operator, carriers.group_url)
    Endpoint.objects.bulk_create(
        Endpoint(group=carriers.group, position=n, host=f"gw{n}.example") for n in range(3, 31)
    )
    SourceNetwork.objects.bulk_create(SourceNetwork(group=carriers.group, network=f"192.0.2.{n}/32") for n in range(30))
    many = queries_of(operator, carriers.group_url)
    assert carriers.group.endpoints.count() == 30
    assert len(many) == len(few)


def test_saving_an_endpoint_costs_the_same_for_one_and_thirty_endpoints(operator: Client, carriers: Carriers) -> None:
    def save(strip: str) -> list[str]:
        fields = fields_of(operator.get(carriers.group_url).content.decode())
        with CaptureQueriesContext(connection) as captured:
            answer = operator.post(carriers.group_url, {**fields, "endpoints-0-strip": strip, "_save": "Save"})
        assert answer.status_code == 302
        return [query["sql"] for query in captured.captured_queries]

    save("3")  # what is cached between requests is cached now
    few = save("4")
    Endpoint.objects.bulk_create(
        Endpoint(group=carriers.group, position=n, host=f"gw{n}.example") for n in range(3, 31)
    )
    many = save("5")
    assert len(many) == len(few)
    whole_tables = [sql for sql in many if "WHERE" not in sql and "carriers_" in sql and sql.startswith("SELECT")]
    assert not whole_tables, "a strip is nothing for which all carriers need to be read"


def test_a_row_of_another_group_is_refused(operator: Client, carriers: Carriers) -> None:
    other = Endpoint.objects.create(group=CarrierGroup.objects.create(name="Other"), position=1, host="gw.example")
    fields = fields_of(operator.get(carriers.group_url).content.decode())
    changes = {"endpoints-0-id": str(other.pk), "endpoints-0-strip": "7", "_save": "Save"}
    assert operator.post(carriers.group_url, {**fields, **changes}).status_code == 200
    assert not Endpoint.objects.filter(strip=7).exists()


def test_the_page_of_a_route_costs_the_same_for_one_and_thirty_groups(operator: Client, carriers: Carriers) -> None:
    few = queries_of(operator, carriers.outbound_url)
    make_groups(0, 30)
    OutboundRouteGroup.objects.bulk_create(
        OutboundRouteGroup(route=carriers.outbound, group=group, position=n)
        for n, group in enumerate(CarrierGroup.objects.exclude(pk=carriers.group.pk), start=2)
    )
    assert len(queries_of(operator, carriers.outbound_url)) == len(few)


def test_the_page_of_a_pbx_costs_the_same_for_one_and_thirty_sources(operator: Client, carriers: Carriers) -> None:
    few = queries_of(operator, carriers.pbx_url)
    SourceNetwork.objects.bulk_create(SourceNetwork(pbx=carriers.pbx, network=f"192.0.2.1{n}/32") for n in range(30))
    assert len(queries_of(operator, carriers.pbx_url)) == len(few)


def make_routes(carriers: Carriers, first: int, count: int) -> None:
    for n in range(first, first + count):
        pbx = PBX.objects.create(name=f"pbx {n}", host="192.0.2.9")
        SourceNetwork.objects.create(pbx=pbx, network="192.0.2.9/32")
        route = OutboundRoute.objects.create(prefix=f"7{n:03}")
        OutboundRouteGroup.objects.create(route=route, group=carriers.group, position=1)
        InboundRoute.objects.create(prefix=f"7{n:03}", pbx=pbx)


@pytest.mark.parametrize("kind", ["pbx", "outboundroute", "inboundroute"])
def test_the_other_lists_cost_the_same_for_few_and_many(operator: Client, carriers: Carriers, kind: str) -> None:
    url = f"/admin/carriers/{kind}/"
    make_routes(carriers, 0, 3)
    few = queries_of(operator, url)
    make_routes(carriers, 3, 60)
    many = queries_of(operator, url)
    assert len(many) == len(few) <= MOST_QUERIES


# --- What is shown ----------------------------------------------------------------------------------------------------


def names(response: Any) -> list[str]:
    return [group.name for group in response.context["cl"].result_list]


def test_a_group_is_shown_with_its_first_endpoints(operator: Client, carriers: Carriers) -> None:
    html = operator.get(GROUPS).content.decode()
    assert "203.0.113.7:5060" in html
    assert "203.0.113.8:5060/tcp" in html
    assert "(2 endpoints)" in html
    Endpoint.objects.bulk_create(Endpoint(group=carriers.group, position=9, host=f"gw{n}.example") for n in range(3))
    html = operator.get(GROUPS).content.decode()
    assert "gw0.example" in html
    assert "gw1.example" not in html
    assert " and 2 more" in html


def test_a_group_without_endpoints_says_so(operator: Client) -> None:
    CarrierGroup.objects.create(name="Empty")
    assert "none: no calls go to it" in operator.get(GROUPS).content.decode()


@pytest.mark.parametrize("query", ["acm", "203.0.113.8", "1000"])
def test_search(operator: Client, carriers: Carriers, query: str) -> None:
    CarrierGroup.objects.create(name="Other")
    assert names(operator.get(GROUPS, {"q": query})) == ["Acme"]
    assert names(operator.get(GROUPS, {"q": "nobody"})) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"authentication": "password"}, ["Acme"]),
        ({"authentication": "ip"}, ["By endpoint", "By source"]),
        ({"authentication": "none"}, ["Empty"]),
        ({"authentication": "nonsense"}, ["Acme", "By endpoint", "By source", "Empty"]),
        ({"enabled__exact": "0"}, ["By source"]),
        ({"selection": "weight"}, ["By endpoint"]),
        ({"endpoints__transport__exact": "tcp"}, ["Acme"]),
        ({"o": "-1"}, ["Empty", "By source", "By endpoint", "Acme"]),
        ({"o": "-2"}, ["Acme", "By endpoint", "By source", "Empty"]),
    ],
)
def test_filters_and_order(operator: Client, carriers: Carriers, query: dict[str, str], expected: list[str]) -> None:
    by_source = CarrierGroup.objects.create(name="By source", enabled=False)
    SourceNetwork.objects.create(group=by_source, network="192.0.2.0/24")
    by_endpoint = CarrierGroup.objects.create(name="By endpoint", selection="weight")
    Endpoint.objects.create(group=by_endpoint, host="203.0.113.9")
    CarrierGroup.objects.create(name="Empty")
    assert names(operator.get(GROUPS, query)) == expected


def test_search_takes_the_forms_in_which_things_are_stored(operator: Client, carriers: Carriers) -> None:
    """What is looked for may be pasted from a log or from a file of a Mac."""
    CarrierGroup.objects.filter(pk=carriers.group.pk).update(name="Größe")
    for kind, query, found in (
        ("carriergroup", unicodedata.normalize("NFD", "Größe"), "Größe"),
        ("carriergroup", "::ffff:203.0.113.7", "Größe"),
        ("outboundroute", unicodedata.normalize("NFD", "größe").replace("g", "G"), "Größe"),
        ("pbx", "[::ffff:c000:209]", "office"),
    ):
        html = operator.get(f"/admin/carriers/{kind}/", {"q": query}).content.decode()
        assert found in html.partition('id="result_list"')[2], query


@pytest.mark.parametrize("kind", ["carriergroup", "pbx", "outboundroute", "inboundroute"])
def test_an_empty_list_says_what_to_do(operator: Client, kind: str) -> None:
    html = operator.get(f"/admin/carriers/{kind}/").content.decode()
    assert 'class="empty-list">There is no' in html


def test_a_history_without_entries_says_what_it_will_list(operator: Client) -> None:
    html = operator.get("/admin/history/historyentry/").content.decode()
    assert 'class="empty-list">Nothing was changed yet.' in html
    assert "Nothing fits" not in html


@pytest.mark.parametrize("kind", ["carriergroup", "pbx", "outboundroute", "inboundroute"])
def test_the_index_lists_what_is_needed_first(operator: Client, login: Callable[..., Client], kind: str) -> None:
    html = login("superuser").get("/admin/").content.decode()
    order = [html.index(f"/admin/{path}/") for path in ("carriers/carriergroup", "kamailio_bridge", "auth/user")]
    assert order == sorted(order)
    assert f"/admin/carriers/{kind}/" in html


# --- Actions ----------------------------------------------------------------------------------------------------------


def test_groups_are_disabled_and_enabled_together(editor: Client) -> None:
    groups = [CarrierGroup.objects.create(name=f"group {n}", enabled=n != 2) for n in range(4)]
    data = {"action": "disable", "_selected_action": [group.pk for group in groups[:3]], "post": "yes"}
    html = editor.post(GROUPS, data, follow=True).content.decode()
    assert "2 carrier groups disabled." in html
    assert list(CarrierGroup.objects.values_list("enabled", flat=True)) == [False, False, False, True]
    # Those that were disabled already have no entry: nothing happened to them.
    assert sorted(LogEntry.objects.values_list("object_id", flat=True)) == sorted(str(g.pk) for g in groups[:2])
    html = editor.post(GROUPS, {**data, "action": "enable"}, follow=True).content.decode()
    assert "3 carrier groups enabled." in html
    assert CarrierGroup.objects.filter(enabled=True).count() == 4
    assert "were enabled already" in editor.post(GROUPS, {**data, "action": "enable"}, follow=True).content.decode()


def test_all_groups_are_disabled_across_pages(editor: Client) -> None:
    make_groups(0, 120)
    first = CarrierGroup.objects.first()
    assert first is not None
    data = {"action": "disable", "_selected_action": [first.pk], "select_across": "1"}
    question = editor.post(GROUPS, data).content.decode()
    assert "120 carrier groups: group 00000, " in question
    assert "and 100 more." in question
    answer = fields_of(question)
    assert "120 carrier groups disabled." in editor.post(GROUPS, answer, follow=True).content.decode()
    assert not CarrierGroup.objects.filter(enabled=True).exists()
    assert LogEntry.objects.count() == 120


@pytest.mark.parametrize("key", ["x", "-1", "9" * 20, "\u0663", ""])
def test_a_selection_that_no_list_offers_does_nothing_and_says_so(
    operator: Client, carriers: Carriers, key: str
) -> None:
    html = operator.post(GROUPS, {"action": "disable", "_selected_action": [key]}, follow=True).content.decode()
    assert "Nothing was done: select objects in the list, then try again." in html
    assert CarrierGroup.objects.get(pk=carriers.group.pk).enabled
