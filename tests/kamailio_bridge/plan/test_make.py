"""The difference between the rows that the carriers need and those in Kamailio's tables."""

from __future__ import annotations

import pytest
from django.db import connections
from pytest_django import Settings

from carriers.models import AuthCredential, CarrierGroup, Endpoint, OutboundRoute, SourceNetwork
from kamailio_bridge.modules import permissions
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.rows.types import Notice
from kamailio_bridge.tables.models import Address, Dispatcher, DrGateway, DrRule, Htable, Mtree, Version
from kamailio_bridge.tables.reading import TablesUnreadable
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def apply_rows() -> None:
    write(make_plan())


def texts(notices: list[Notice]) -> str:
    return " ".join(map(str, notices))


def test_the_first_plan_adds_everything_and_the_second_nothing() -> None:
    group = make_group("Acme", "203.0.113.7", "203.0.113.8")
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    apply_rows()
    assert Dispatcher.objects.count() == 3
    assert sorted(Mtree.objects.values_list("tprefix", flat=True)) == ["i1444", "o9", "s"]
    assert Address.objects.count() == 3
    assert DrRule.objects.count() == 2
    assert make_plan().count == 0
    assert make_plan().lines() == []


def test_only_what_changed_is_in_the_plan() -> None:
    group = make_group("Acme", "203.0.113.7", "203.0.113.8")
    make_route("9", group)
    apply_rows()
    first = group.endpoints.get(position=1)
    first.strip = 1
    first.save()
    plan = make_plan()
    assert {changes.module.name: changes.count for changes in plan.modules if changes.count} == {
        "dispatcher": 1,
        "drouting": 1,
    }
    assert plan.lines(1) == [plan.lines()[0], "and 1 more"]
    assert plan.lines(2) == plan.lines()
    (line,) = [line for line in plan.lines() if "dispatcher" in line]
    assert line == (
        f"~ dispatcher {first.pk}: carrier group “Acme”, endpoint 203.0.113.7:5060:"
        f" attrs=gwid={first.pk};strip=0 -> gwid={first.pk};strip=1"
    )
    assert plan.summary() == "dispatcher 1 row, drouting 1 row"


def test_rows_that_nothing_calls_for_go() -> None:
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    make_route("8", make_group("Backup", "203.0.113.9"))
    apply_rows()
    group.delete()
    apply_rows()
    assert list(Dispatcher.objects.values_list("destination", flat=True)) == ["sip:203.0.113.9:5060"]
    assert dict(Mtree.objects.values_list("tprefix", "tvalue"))["o9"] == "dsiprouter:unavailable"
    OutboundRoute.objects.filter(prefix="9").delete()
    apply_rows()
    assert sorted(Mtree.objects.values_list("tprefix", flat=True)) == ["o8", "s"]
    assert Address.objects.count() == 1
    assert DrGateway.objects.count() == 1


def test_rows_may_swap_the_values_of_a_unique_column() -> None:
    nine, eight = make_route("9", make_group("Acme", "203.0.113.7")), make_route("8", make_group("B", "203.0.113.8"))
    apply_rows()
    for route, prefix in ((nine, "x"), (eight, "9"), (nine, "8")):
        type(route).objects.filter(pk=route.pk).update(prefix=prefix)
    apply_rows()
    assert Mtree.objects.get(tprefix="o8").pk == nine.pk
    assert make_plan().count == 0


def test_foreign_rows_are_never_touched() -> None:
    Dispatcher.objects.create(pk=900, setid=900, destination="sip:foreign.example", description="another tool")
    Address.objects.create(pk=900, grp=8, ip_addr="192.0.2.1", tag="another tool")
    Address.objects.create(pk=901, grp=1, ip_addr="192.0.2.2", tag=None)
    Mtree.objects.create(pk=900, tprefix="49", tvalue="7")
    DrGateway.objects.create(pk=900, type=8, address="192.0.2.3", description="name:x")
    Htable.objects.create(pk=900, key_name="other", key_value="1")
    make_route("9", make_group("Acme", "203.0.113.7"))
    apply_rows()
    CarrierGroup.objects.all().delete()
    OutboundRoute.objects.all().delete()
    apply_rows()
    assert Dispatcher.objects.get().pk == 900
    assert set(Address.objects.values_list("pk", flat=True)) == {900, 901}
    assert set(Mtree.objects.values_list("tprefix", flat=True)) == {"49", "s"}
    assert DrGateway.objects.get().pk == 900
    assert Htable.objects.get().pk == 900


def test_what_slipped_past_the_forms_is_refused_with_the_object_named() -> None:
    group = make_group("Acme", "203.0.113.7", "203.0.113.8")
    first, second = group.endpoints.order_by("position")
    Endpoint.objects.filter(pk=first.pk).update(host="127.0.0.300")
    Endpoint.objects.filter(pk=second.pk).update(prefix="1;x")
    plan = make_plan()
    assert len(plan.problems) == 2
    assert "“127.0.0.300” is not an IP address" in texts(plan.problems)
    assert "“Acme”, endpoint 203.0.113.8:5060" in texts(plan.problems)
    assert plan.modules == []


def test_a_route_to_too_many_groups_is_refused_with_the_column_named() -> None:
    route = make_route("9", *(make_group(f"Group {index}", f"203.0.113.{index}") for index in range(1, 60)))
    assert route.groups.count() == 59
    assert "outbound route 9:" in texts(make_plan().problems)
    assert "does not fit the column mtree.tvalue (128 characters)" in texts(make_plan().problems)


def test_more_networks_than_kamailio_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kamailio would drop those beyond without an error."""
    monkeypatch.setattr(permissions, "MAX_SUBNETS", 1)
    group = make_group("Acme", "203.0.113.7")
    SourceNetwork.objects.create(group=group, network="198.51.100.0/24")
    SourceNetwork.objects.create(group=group, network="198.51.101.1/32")
    assert make_plan().problems == [], "a single address is no network"
    SourceNetwork.objects.create(group=group, network="198.51.102.0/24")
    plan = make_plan()
    assert texts(plan.problems) == "Source networks: 2 networks are more than the 1 that Kamailio holds."
    assert plan.modules == []


def test_what_carries_no_calls_is_warned_of_and_the_rest_goes_on() -> None:
    make_route("8", make_group("Backup", "203.0.113.9"))
    make_group("Empty")
    make_route("7", make_group("Off", "203.0.113.10", enabled=False))
    plan = make_plan()
    assert plan.problems == []
    assert "carrier group “Empty”: has no endpoint, so no calls go to it" in texts(plan.warnings)
    assert "outbound route 7: passes over carrier group “Off”, which is disabled" in texts(plan.warnings)
    nobody = "outbound route 7: has no carrier group that calls can go to: its calls"
    assert f"{nobody} are answered 503." in texts(plan.warnings)
    write(plan)
    assert sorted(Mtree.objects.values_list("tprefix", flat=True)) == ["o7", "o8", "s"]
    OutboundRoute.objects.filter(prefix="7").update(fall_through=True)
    fallen = f"{nobody} fall through, and no other route matches them: they are answered 404."
    assert fallen in texts(make_plan().warnings)
    make_route("", CarrierGroup.objects.get(name="Backup"))
    assert f"{nobody} fall through to the outbound default route." in texts(make_plan().warnings)
    write(make_plan())
    assert sorted(Mtree.objects.values_list("tprefix", flat=True)) == ["o", "o8", "s"]


def test_our_own_address_as_an_endpoint_or_pbx_is_warned_of(settings: Settings) -> None:
    settings.DSIPROUTER_SIP_ADDRESS, settings.DSIPROUTER_SIP_IPV6_ADDRESS = "203.0.113.5", "2001:DB8:0::5"
    make_group("Loop", "203.0.113.5", "2001:db8::5", "203.0.113.6")
    make_group("Off", "203.0.113.5", enabled=False)
    make_pbx("office", "203.0.113.5", "192.0.2.9/32")
    warnings = texts(make_plan().warnings)
    assert warnings.count("is Kamailio's own SIP address, so calls to it come back to us") == 3
    assert "“Loop”, endpoint 203.0.113.5:5060: is Kamailio's own SIP address" in warnings
    assert "“Loop”, endpoint [2001:db8::5]:5060: is Kamailio's own SIP address" in warnings
    assert "PBX “office”: is Kamailio's own SIP address" in warnings
    settings.DSIPROUTER_SIP_PORT = 5070
    assert "own SIP address" not in texts(make_plan().warnings)


def test_a_refusal_that_slipped_past_the_forms_is_refused_with_the_route_named() -> None:
    make_route("9", refuse_code=403, refuse_reason="a\r\nb")
    assert "outbound route 9: reason “a\r\nb”: Only letters" in texts(make_plan().problems)
    OutboundRoute.objects.update(refuse_reason="x", refuse_code=486)
    plan = make_plan()
    assert plan.problems == []
    make_group("Acme", "203.0.113.7").route_groups.create(route=OutboundRoute.objects.get(), position=1)
    assert "refuses its calls, so its carrier groups get none: carrier group “Acme”" in texts(make_plan().warnings)


def test_a_plan_that_leaves_no_route_says_so() -> None:
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    assert not make_plan().removes_all_routes
    apply_rows()
    assert not make_plan().removes_all_routes
    CarrierGroup.objects.update(enabled=False)
    assert make_plan().removes_all_routes


@pytest.mark.parametrize("module", ["dispatcher", "mtree", "drouting"])
def test_each_module_that_routes_tells_by_itself_that_no_route_is_left(module: str, settings: Settings) -> None:
    settings.KAMAILIO_MODULES = [module]
    make_route("9", make_group("Acme", "203.0.113.7"))
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    assert not make_plan().removes_all_routes
    apply_rows()
    assert not make_plan().removes_all_routes
    CarrierGroup.objects.update(enabled=False)
    assert make_plan().removes_all_routes
    apply_rows()
    assert not make_plan().removes_all_routes, "it has none to lose"


def test_the_number_of_queries_does_not_grow_with_the_carriers(
    django_assert_max_num_queries: object,
) -> None:
    for index in range(30):
        make_route(str(index), make_group(f"Group {index}", f"203.0.113.{index}"))
    apply_rows()
    counted = []
    for alias in ("default", "kamailio"):
        with django_assert_max_num_queries(24, connection=connections[alias]) as queries:  # type: ignore[operator]
            make_plan()
        counted.append(len(queries))
    assert sum(counted) <= 36


def test_a_missing_table_is_reported_with_the_command_that_makes_it() -> None:
    Version.objects.filter(table_name="dispatcher").update(table_version=5)
    with pytest.raises(TablesUnreadable, match="dispatcher"):
        make_plan()


def test_the_digest_of_a_password_is_never_in_a_line() -> None:
    group = make_group("Acme", "203.0.113.7")
    credential = AuthCredential(group=group, username="1000", registrar="sip.acme.example")
    credential.set_password("hunter2-secret")
    credential.save()
    lines = "\n".join(make_plan().lines())
    assert "auth_ha1=(secret)" in lines
    assert credential.ha1() not in lines
    assert "hunter2-secret" not in lines
