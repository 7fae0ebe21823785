"""Putting objects of a state back to an earlier one leaves a state that could have been saved."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup, Endpoint, OutboundRoute, OutboundRouteGroup
from carriers.snapshots.restore import restore_state
from carriers.snapshots.state import State, take_state
from carriers.snapshots.state_parts import with_objects_as_before

pytestmark = pytest.mark.django_db


def make_group(name: str, host: str) -> CarrierGroup:
    group = CarrierGroup.objects.create(name=name)
    Endpoint.objects.create(group=group, host=host, position=1)
    return group


def route_to(prefix: str, *groups: CarrierGroup) -> OutboundRoute:
    route = OutboundRoute.objects.create(prefix=prefix)
    for position, group in enumerate(groups, start=1):
        OutboundRouteGroup.objects.create(route=route, group=group, position=position)
    return route


def restored(state: State) -> State:
    """Store a state and return what is there then."""
    restore_state(state)
    return take_state()


def test_an_object_is_as_before_with_all_its_parts() -> None:
    group = make_group("Acme", "203.0.113.7")
    before = take_state()
    group.endpoints.update(host="203.0.113.8")
    Endpoint.objects.create(group=group, host="203.0.113.9", position=2)
    other = make_group("Backup", "203.0.113.10")
    state, reasons = with_objects_as_before(take_state(), before, {(CarrierGroup, group.pk)})
    assert reasons == {(CarrierGroup, group.pk): None}
    restored(state)
    assert list(Endpoint.objects.values_list("host", flat=True)) == ["203.0.113.7", "203.0.113.10"]
    assert CarrierGroup.objects.filter(pk=other.pk).exists()


def test_what_refers_to_an_object_that_was_not_there_is_as_before_too() -> None:
    old = make_group("Acme", "203.0.113.7")
    route = route_to("9", old)
    before = take_state()
    new = make_group("Backup", "203.0.113.10")
    OutboundRouteGroup.objects.create(route=route, group=new, position=2)
    added = route_to("8", new)
    state, reasons = with_objects_as_before(take_state(), before, {(CarrierGroup, new.pk)})
    because = (CarrierGroup, new.pk)
    assert reasons == {because: None, (OutboundRoute, route.pk): because, (OutboundRoute, added.pk): because}
    assert restored(state) == before


def test_a_name_or_prefix_that_comes_back_is_nobody_elses() -> None:
    group = make_group("Acme", "203.0.113.7")
    route = route_to("9", group)
    before = take_state()
    CarrierGroup.objects.update(name="Renamed")
    OutboundRoute.objects.update(prefix="8")
    other = make_group("ACME", "203.0.113.8")
    taken = route_to("9", other)
    state, reasons = with_objects_as_before(take_state(), before, {(CarrierGroup, group.pk), (OutboundRoute, route.pk)})
    assert reasons[CarrierGroup, other.pk] == (CarrierGroup, group.pk)
    assert (OutboundRoute, taken.pk) in reasons
    assert restored(state) == before


def test_an_endpoint_that_moved_to_another_group_is_in_one() -> None:
    group, other = make_group("Acme", "203.0.113.7"), make_group("Backup", "203.0.113.8")
    before = take_state()
    group.endpoints.update(group=other, position=2)
    state, reasons = with_objects_as_before(take_state(), before, {(CarrierGroup, group.pk)})
    assert reasons[CarrierGroup, other.pk] == (CarrierGroup, group.pk)
    assert restored(state) == before


def test_what_a_route_as_before_led_to_may_be_gone() -> None:
    old = make_group("Acme", "203.0.113.7")
    route = route_to("9", old)
    before = take_state()
    new = make_group("Backup", "203.0.113.10")
    OutboundRouteGroup.objects.filter(route=route).update(group=new)
    old.delete()
    state, _ = with_objects_as_before(take_state(), before, {(CarrierGroup, new.pk)})
    restored(state)
    assert list(OutboundRoute.objects.values_list("prefix", flat=True)) == ["9"]
    assert not OutboundRouteGroup.objects.exists()
