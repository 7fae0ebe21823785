"""Several writers at once, and a reader among them, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.forms import inlineformset_factory

from carriers.forms.endpoints import EndpointForm, EndpointFormSet
from carriers.models import CarrierGroup, Endpoint, OutboundRoute, OutboundRouteGroup
from carriers.snapshots.records import read_carriers

FormSet = inlineformset_factory(CarrierGroup, Endpoint, form=EndpointForm, formset=EndpointFormSet, extra=0)


def posted(group: CarrierGroup, host: str) -> dict[str, Any]:
    """Return what a browser posts that shows the group's endpoints as they are now, with one more filled in."""
    shown = FormSet(instance=group)
    data: dict[str, Any] = {}
    for form in shown.forms:
        values = {bound.html_name: bound.value() for bound in form}
        data |= {name: value for name, value in values.items() if value is not None and value is not False}
    number = len(shown.forms)
    blank = shown.empty_form
    values = {name: blank[name].value() for name in EndpointForm.Meta.fields}
    values["host"] = host
    data |= {f"{shown.prefix}-{number}-{name}": "" if value is None else value for name, value in values.items()}
    data |= {f"{shown.prefix}-TOTAL_FORMS": number + 1, f"{shown.prefix}-INITIAL_FORMS": number}
    return data


def save_with_formset(group: CarrierGroup, host: str, together: Barrier) -> None:
    """Save the group's page as the admin does: all endpoints that were there when it was opened, and a new one."""
    data = posted(group, host)
    together.wait()  # both have the page open, and now both press Save
    with transaction.atomic():
        formset = FormSet(data, instance=group)
        assert formset.is_valid(), formset.errors
        formset.save()


def save_with_model(group: CarrierGroup, host: str, together: Barrier) -> None:
    """Add an endpoint as commands do."""
    together.wait()
    with transaction.atomic():
        endpoint = Endpoint(group=group, host=host)
        endpoint.full_clean()
        endpoint.save()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("save", "rounds"), [(save_with_formset, 10), (save_with_model, 50)])
def test_two_operators_saving_one_group_lose_nothing(save: Callable[..., None], rounds: int) -> None:
    group = CarrierGroup.objects.create(name="Acme")
    together = Barrier(2, timeout=60)

    def operate(operator: int) -> None:
        try:
            for number in range(rounds):
                save(group, f"203.0.{operator}.{number}", together)
                together.wait()
        except BaseException:
            together.abort()
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as operators:
        for done in [operators.submit(operate, operator) for operator in (1, 2)]:
            done.result()
    hosts = sorted(Endpoint.objects.filter(group=group).values_list("host", flat=True))
    assert hosts == sorted(f"203.0.{operator}.{number}" for operator in (1, 2) for number in range(rounds))


@pytest.mark.django_db(transaction=True)
def test_a_save_in_the_middle_of_reading_is_seen_whole_or_not_at_all() -> None:
    """Endpoints are read first and routes last: a mixed view would have a route to a group without endpoints."""
    old = CarrierGroup.objects.create(name="old")
    Endpoint.objects.create(group=old, host="203.0.113.1")
    before = read_carriers()
    finished_in_between = []

    def write() -> None:
        try:
            with transaction.atomic():
                new = CarrierGroup.objects.create(name="new")
                Endpoint.objects.create(group=new, host="203.0.113.2")
                CarrierGroup.objects.filter(pk=old.pk).update(name="renamed")
                route = OutboundRoute.objects.create(prefix="9")
                OutboundRouteGroup.objects.create(route=route, group=new)
        finally:
            connection.close()

    writer = Thread(target=write)

    def write_after_the_endpoints(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if "carriers_endpoint" in sql:
            writer.start()
            writer.join(1)
            finished_in_between.append(not writer.is_alive())
        return result

    with connections["default"].execute_wrapper(write_after_the_endpoints):
        seen = read_carriers()
    writer.join(30)
    assert finished_in_between == [True], "a reader must not keep writers waiting"
    assert seen == before
    after = read_carriers()
    assert sorted(group.name for group in after.groups.values()) == ["new", "renamed"]
    assert len(after.outbound_routes) == 1


@pytest.mark.django_db(transaction=True)
def test_reading_leaves_the_isolation_level_as_it_was() -> None:
    read_carriers()
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@tx_isolation")
            assert cursor.fetchone() == ("READ-COMMITTED",)
    assert connection.get_autocommit()
