"""Two staff users who press Save at the same moment, round after round, each with a separate connection."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections
from django.test import Client

from carriers.models import CarrierGroup, Endpoint, OutboundRoute
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.modules.drouting import MAX_GATEWAYS
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.tables.models import DrGwList
from tests.admin.forms import ADD_ROUTE, GROUPS, fields_of, new_endpoint
from tests.kamailio_bridge.builders import make_route

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]

ROUNDS = {"mysql": 30, "sqlite": 10}  # SQLite lets one write at a time anyway, and makes the other wait long
ROUNDS_A_PAGE = 5  # a page is opened again every so many rounds: it may be as old as that when it is saved


def at_once(clients: list[Client], work: Callable[[int, Client, Barrier], None]) -> None:
    """Let each client do its work in a thread; whoever fails ends the others' waiting."""
    together = Barrier(len(clients), timeout=60)

    def run(user: int, client: Client) -> None:
        try:
            work(user, client, together)
        except BaseException:
            together.abort()
            raise
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as threads:
        for done in [threads.submit(run, user, client) for user, client in enumerate(clients, start=1)]:
            done.result()


def test_rounds_of_two_users_adding_endpoints_lose_none(login: Callable[..., Client]) -> None:
    """50 rounds on MariaDB: 100 endpoints."""
    rounds = ROUNDS[connection.vendor]
    group = CarrierGroup.objects.create(name="Acme")
    make_route("9", group)
    url = f"{GROUPS}{group.pk}/change/"

    def add_endpoints(user: int, client: Client, together: Barrier) -> None:
        for number in range(rounds):
            if number % ROUNDS_A_PAGE == 0:
                fields = fields_of(client.get(url).content.decode())
                shown = int(fields["endpoints-INITIAL_FORMS"])
            row = new_endpoint(shown, shown + 1, host=f"203.0.{user}.{number}")
            together.wait()  # both have typed, and now both press Save
            response = client.post(url, {**fields, **row, "_save": "Save"})
            assert response.status_code == 302, response.content.decode()

    at_once([login("editor"), login("operator")], add_endpoints)
    endpoints = list(group.endpoints.order_by("position", "pk"))
    expected = {f"203.0.{user}.{number}" for user in (1, 2) for number in range(rounds)}
    assert {endpoint.host for endpoint in endpoints} == expected
    assert [endpoint.position for endpoint in endpoints] == list(range(1, 2 * rounds + 1))
    assert apply(author=None, nodes=[]).ok
    assert gateways() == [endpoint.pk for endpoint in endpoints[:MAX_GATEWAYS]]
    reported = any("uses only the first 30" in str(warning) for warning in make_plan().warnings)
    assert reported == (len(endpoints) > MAX_GATEWAYS)
    Endpoint.objects.filter(pk__in=[endpoint.pk for endpoint in endpoints[MAX_GATEWAYS - 1 :]]).delete()
    assert apply(author=None, nodes=[]).ok
    assert gateways() == [endpoint.pk for endpoint in endpoints[: MAX_GATEWAYS - 1]]


def gateways() -> list[int]:
    """Return the keys in drouting's list of the one group."""
    return [int(key) for key in DrGwList.objects.get().gwlist.split(",")]


def test_the_same_new_prefix_at_the_same_moment_is_refused_to_one_of_them(login: Callable[..., Client]) -> None:
    statuses: dict[int, list[int]] = {1: [], 2: []}

    def add_routes(user: int, client: Client, together: Barrier) -> None:
        fields = fields_of(client.get(ADD_ROUTE).content.decode())
        for number in range(10):
            together.wait()
            response = client.post(ADD_ROUTE, {**fields, "prefix": f"9{number}", "_save": "Save"})
            statuses[user].append(response.status_code)

    at_once([login("editor"), login("operator")], add_routes)
    assert [sorted(pair) for pair in zip(*statuses.values(), strict=True)] == [[200, 302]] * 10
    assert OutboundRoute.objects.count() == 10
