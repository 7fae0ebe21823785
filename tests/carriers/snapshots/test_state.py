"""The state of the carriers: all rows with their keys, and the records made of it."""

from __future__ import annotations

import json
import unicodedata

import pytest
from django.apps import apps

from carriers.models import AuthCredential, CarrierGroup, Endpoint, InboundRoute, OutboundRoute, OwnTemplate
from carriers.snapshots import state as states
from carriers.snapshots.records import carriers_of, read_carriers
from carriers.snapshots.restore import restoration_of, restore_state
from carriers.snapshots.state import MODELS, take_state
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db

PASSWORD = "pass of the state"


def make_some_of_all() -> CarrierGroup:
    first = make_group("Zürich", "203.0.113.7", "203.0.113.8", selection="weight")
    Endpoint.objects.filter(host="203.0.113.7").update(position=9)
    second = make_group("Acme", "203.0.113.9")
    credential = AuthCredential(group=first, username="1000", registrar="sip.acme.example")
    credential.set_password(PASSWORD)
    credential.save()
    first.sources.create(network="198.51.100.0/24")
    make_route("9", second, first)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    return first


def test_every_model_of_the_carriers_is_in_the_state_in_the_order_of_references() -> None:
    """A model that is added one day must not be forgotten, nor stand before what it refers to.

    Templates are no part of it: to roll back takes none away.
    """
    assert {*MODELS, OwnTemplate} == set(apps.get_app_config("carriers").get_models())
    for place, model in enumerate(MODELS):
        targets = {field.related_model for field in model._meta.concrete_fields if field.many_to_one}
        assert targets <= set(MODELS[:place])


def test_a_state_survives_json_and_gives_the_records_of_its_moment() -> None:
    group = make_some_of_all()
    then = read_carriers()
    state = json.loads(json.dumps(take_state()))
    assert [endpoint.host for endpoint in then.groups[group.pk].endpoints] == ["203.0.113.8", "203.0.113.7"]
    assert then.outbound_routes[0].groups == (CarrierGroup.objects.get(name="Acme").pk, group.pk)
    credential = then.groups[group.pk].credential
    assert credential is not None
    assert credential.ha1 is not None
    CarrierGroup.objects.all().delete()
    assert carriers_of(state) == then
    assert read_carriers() != then


def test_a_state_holds_no_password_in_clear() -> None:
    make_some_of_all()
    assert PASSWORD not in json.dumps(take_state())


def test_a_state_from_before_a_column_has_its_default() -> None:
    make_some_of_all()
    state = take_state()
    table = state["endpoint"]
    place = table["columns"].index("weight")
    table["columns"] = [column for column in table["columns"] if column != "weight"]
    table["rows"] = [(*row[:place], *row[place + 1 :]) for row in table["rows"]]
    weights = {endpoint.weight for group in carriers_of(state).groups.values() for endpoint in group.endpoints}
    assert weights == {50}
    assert list(states.rows_of({}, Endpoint, "id", "host")) == []


def test_a_state_from_before_routes_could_refuse_restores_routes_that_fall_through() -> None:
    make_some_of_all()
    state = take_state()
    for key in ("outboundroute", "inboundroute"):
        kept = [name for name in state[key]["columns"] if name not in ("refuse_code", "refuse_reason", "fall_through")]
        places = [state[key]["columns"].index(name) for name in kept]
        state[key] = {"columns": kept, "rows": [[row[place] for place in places] for row in state[key]["rows"]]}
    then = carriers_of(state)
    assert [(route.fall_through, route.refuse_code, route.refuse_reason) for route in then.outbound_routes] == [
        (True, None, "")
    ]
    OutboundRoute.objects.update(refuse_code=403, refuse_reason="No")
    restoration = restore_state(state)
    assert {str(change) for change in restoration.changes} == {
        "outbound route 9: refuse with 403 Forbidden -> (blank), reason No -> (blank), fall through no -> yes",
        "inbound route 1444: fall through no -> yes",
    }
    assert OutboundRoute.objects.get().fall_through
    assert InboundRoute.objects.get().fall_through
    assert restoration_of(state).changes == []


def test_a_state_from_before_takes_the_forms_of_today_when_it_is_restored() -> None:
    group = make_some_of_all()
    state = take_state()
    decomposed = unicodedata.normalize("NFD", "Zürich")
    for table, column, old, new in (
        ("carriergroup", "name", "Zürich", decomposed),
        ("endpoint", "host", "203.0.113.7", "::ffff:cb00:7107"),
        ("sourcenetwork", "network", "198.51.100.0/24", "::ffff:c633:6400/120"),
    ):
        place = state[table]["columns"].index(column)
        assert any(row[place] == old for row in state[table]["rows"])
        state[table]["rows"] = [
            (*row[:place], new if row[place] == old else row[place], *row[place + 1 :]) for row in state[table]["rows"]
        ]
    assert restoration_of(state).changes == []
    CarrierGroup.objects.filter(pk=group.pk).delete()
    restore_state(state)
    assert CarrierGroup.objects.get(pk=group.pk).name == "Zürich"
    assert group.sources.get().network == "198.51.100.0/24"
    assert restoration_of(state).changes == []


def test_sources_that_became_one_are_restored_once() -> None:
    group = make_some_of_all()
    group.sources.create(network="192.0.2.0/24")
    state = take_state()
    place = state["sourcenetwork"]["columns"].index("network")
    state["sourcenetwork"]["rows"] = [
        (*row[:place], "::ffff:198.51.100.0/120" if row[place] == "192.0.2.0/24" else row[place])
        for row in state["sourcenetwork"]["rows"]
    ]
    group.sources.all().delete()
    restore_state(state)
    assert group.sources.get().network == "198.51.100.0/24"
