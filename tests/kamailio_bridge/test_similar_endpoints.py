"""Two endpoints that differ only in the transport have different names everywhere."""

from __future__ import annotations

import pytest

from carriers.history.recording import changes_not_applied
from carriers.models import CarrierGroup, Endpoint
from carriers.snapshots.records import Carriers, EndpointRecord, read_carriers
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.plan.rules import problems
from kamailio_bridge.preview.carrier_changes import changes_in_words
from kamailio_bridge.preview.losses import Removal, consequences
from kamailio_bridge.questions.route_lookup import route_test
from kamailio_bridge.questions.who_is import who_is
from kamailio_bridge.rows.types import Notice
from kamailio_bridge.tables.models import Dispatcher
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.records import carriers, endpoint, group

pytestmark = pytest.mark.parametrize("name", ["", "trunk"])
in_database = pytest.mark.django_db(databases=["default", "kamailio"])


def names_of(name: str, host: str = "203.0.113.7") -> tuple[str, str]:
    """Return the labels of the two."""
    addresses = f"{host}:5060", f"{host}:5060/tcp"
    udp, tcp = (f"endpoint “{name}” ({address})" if name else f"endpoint {address}" for address in addresses)
    return udp, tcp


def short_names_of(name: str) -> list[str]:
    addresses = "203.0.113.7:5060", "203.0.113.7:5060/tcp"
    return [f"{name} ({address})" if name else address for address in addresses]


def similar(name: str, host: str = "203.0.113.7", **values: object) -> tuple[EndpointRecord, EndpointRecord]:
    return endpoint(1, host, name=name, **values), endpoint(2, host, name=name, transport="tcp", **values)


def with_both(name: str) -> CarrierGroup:
    stored = make_group("Acme")
    Endpoint.objects.create(group=stored, name=name, host="203.0.113.7", position=1)
    Endpoint.objects.create(group=stored, name=name, host="203.0.113.7", position=2, transport="tcp")
    return stored


def places(notices: list[Notice]) -> list[str]:
    return [notice.where.removeprefix("carrier group “Acme”, ") for notice in notices]


def test_problems(name: str) -> None:
    found = problems(carriers(group(1, *similar(name, weight=500), name="Acme")))
    assert places(found) == list(names_of(name))


def test_preview(name: str) -> None:
    udp, tcp = similar(name)
    before = group(1, udp, tcp, name="Acme")

    def details(after: Carriers) -> tuple[str, ...]:
        (change,) = changes_in_words(carriers(before), after)
        return change.details

    reported = [details(carriers(before._replace(endpoints=(left,)))) for left in (tcp, udp)]
    assert reported == [(f"{label} removed",) for label in names_of(name)]
    (added,) = changes_in_words(carriers(), carriers(before))
    assert added.details == names_of(name)
    first, second = short_names_of(name)
    assert details(carriers(before._replace(endpoints=(tcp, udp)))) == (
        f"endpoints in the order {second}, then {first}",
    )


@in_database
@pytest.mark.usefixtures("kamailio_down")
def test_rows_and_drift(name: str) -> None:
    with_both(name)
    lines = [line for line in make_plan().lines() if "+ dispatcher" in line]
    assert [label for label in names_of(name) for line in lines if f"{label}: " in line] == list(names_of(name))
    apply(author=None)
    Dispatcher.objects.update(priority=1)
    assert [row.label.removeprefix("carrier group “Acme”, ") for row in read_drift().rows] == list(names_of(name))


@in_database
@pytest.mark.usefixtures("kamailio_down")
def test_route_test(name: str) -> None:
    acme = with_both(name)
    make_route("9", acme)
    apply(author=None)
    Endpoint.objects.filter(transport="tcp").update(enabled=False)
    result = route_test("9123", live=False)
    both = short_names_of(name)
    assert [line.endpoint for line in result.lines] == both
    for column in result.columns:
        assert [each.endpoint for each in (*column.attempts, *column.unused)] == both


@in_database
def test_who_is(name: str) -> None:
    with_both(name)
    Endpoint.objects.update(enabled=False)
    notes = who_is("203.0.113.7", live=False).notes
    assert notes == [f"Carrier group “Acme”, {label}, has this address, but is disabled." for label in names_of(name)]


@in_database
def test_history(name: str) -> None:
    with_both(name).endpoints.all().delete()
    reported = [str(entry) for entry in changes_not_applied() if entry.action == "deleted"]
    assert sorted(reported) == sorted(f"carrier group “Acme”, {label} deleted" for label in names_of(name))


@in_database
def test_losses(name: str) -> None:
    """They come from one address: without one of them its calls are still let in, by the other."""
    keys = list(with_both(name).endpoints.values_list("pk", flat=True))
    state = read_carriers()
    assert [consequences(state, Removal(endpoints=[key])) for key in keys] == [[], []]
    assert list(map(str, consequences(state, Removal(endpoints=keys)))) == [
        "carrier group “Acme”: calls from 203.0.113.7/32 are refused from then on."
    ]
