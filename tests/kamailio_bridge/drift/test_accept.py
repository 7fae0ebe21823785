"""Accept rows of Kamailio's tables into the carriers, where the carriers can express them."""

from __future__ import annotations

from typing import Any

import pytest

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
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.drift.accept import accept_row, can_accept
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.modules.acceptance.accepted import CannotAccept
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.tables.models import Address, Dispatcher, DrGateway, Mtree
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def acme() -> CarrierGroup:
    """A carrier group of two endpoints, its source network and routes, applied to the tables; no node was asked."""
    group = make_group("Acme", "203.0.113.7", "203.0.113.8")
    SourceNetwork.objects.create(group=group, network="198.51.100.0/24")
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    assert apply(author=None, nodes=[]).revision
    return group


def drifted(table: str) -> RowDrift:
    (row,) = [row for row in read_drift().rows if row.table.name == table]
    return row


def accept(table: str) -> Any:
    row = drifted(table)
    assert can_accept(row)
    return accept_row(row=row)


def row_of(endpoint: Endpoint) -> Any:
    return Dispatcher.objects.filter(pk=endpoint.pk)


def test_an_endpoints_address_and_digits(acme: CarrierGroup) -> None:
    first = acme.endpoints.get(position=1)
    row_of(first).update(destination="sip:[2001:db8::7]:5070;transport=tcp", attrs=f"gwid={first.pk};strip=3;prefix=+1")
    assert accept("dispatcher") == acme
    first.refresh_from_db()
    assert (first.host, first.port, first.transport) == ("2001:db8::7", 5070, "tcp")
    assert (first.strip, first.prefix) == (3, "+1")
    assert not any(changes.count for changes in make_plan().modules if changes.module.name == "dispatcher")


def test_only_what_was_changed_is_accepted(acme: CarrierGroup) -> None:
    first = acme.endpoints.get(position=1)
    acme.endpoints.filter(pk=first.pk).update(strip=2)  # pending in the admin
    row_of(first).update(destination="sip:203.0.113.70:5060")
    accept("dispatcher")
    first.refresh_from_db()
    assert (first.host, first.strip) == ("203.0.113.70", 2)


def test_the_order_of_endpoints(acme: CarrierGroup) -> None:
    first, second = acme.endpoints.order_by("position")
    row_of(first).update(priority=1)
    accept("dispatcher")
    assert list(acme.endpoints.order_by("position")) == [second, first]


def test_the_weight_of_an_endpoint(acme: CarrierGroup) -> None:
    CarrierGroup.objects.update(selection="weight")
    apply(author=None, nodes=[])
    first = acme.endpoints.get(position=1)
    row_of(first).update(attrs=f"gwid={first.pk};strip=0;rweight=75")
    accept("dispatcher")
    first.refresh_from_db()
    assert first.weight == 75


def test_the_socket_of_an_endpoint(acme: CarrierGroup) -> None:
    """Without the attribute it is the default one, which needs a name where the group has another."""
    CarrierGroup.objects.update(socket="carriers")
    apply(author=None, nodes=[])
    first, second = acme.endpoints.order_by("position")
    row_of(first).update(attrs=f"gwid={first.pk};strip=0;sockname=wan")
    accept("dispatcher")
    apply(author=None, nodes=[])
    row_of(second).update(attrs=row_of(second).get().attrs.replace(";sockname=carriers", ""))
    accept("dispatcher")
    assert [endpoint.socket for endpoint in acme.endpoints.order_by("position")] == ["wan", "default"]


def test_a_deleted_destination_is_a_disabled_endpoint(acme: CarrierGroup) -> None:
    first = acme.endpoints.get(position=1)
    row_of(first).delete()
    accept("dispatcher")
    first.refresh_from_db()
    assert not first.enabled


def test_an_added_destination_is_an_endpoint_at_the_end(acme: CarrierGroup) -> None:
    Dispatcher.objects.create(
        pk=500,
        setid=acme.pk,
        destination="sip:203.0.113.99:5060",
        attrs="gwid=500;strip=1",
        description=f"carrier-group:{acme.pk}",
    )
    accept("dispatcher")
    added = acme.endpoints.order_by("position").last()
    assert added is not None
    assert (added.host, added.strip, added.position) == ("203.0.113.99", 1, 3)


def test_a_pbxs_address(acme: CarrierGroup) -> None:
    Dispatcher.objects.filter(description__startswith="pbx:").update(destination="sip:192.0.2.10:5070")
    assert accept("dispatcher") == PBX.objects.get()
    assert PBX.objects.get().address == "192.0.2.10:5070"


def test_source_networks_changed_deleted_and_added(acme: CarrierGroup) -> None:
    source = acme.sources.get()
    Address.objects.filter(pk=source.pk).update(ip_addr="198.51.101.0")
    assert accept("address") == acme
    assert acme.sources.get().network == "198.51.101.0/24"
    Address.objects.filter(pk=source.pk).update(ip_addr="198.51.101.0", mask=25)
    assert accept("address") == acme
    assert acme.sources.get().network == "198.51.101.0/25"
    Address.objects.filter(pk=source.pk).delete()
    assert accept("address") == acme
    assert not acme.sources.exists()
    assert make_plan().count == 0
    apply(author=None, nodes=[])
    assert not read_drift().found, "the tables are as applied, though no row had to be written"
    Address.objects.create(pk=700, grp=9, ip_addr="192.0.2.77", mask=32, tag=f"pbx-{PBX.objects.get().pk}")
    assert accept("address") == PBX.objects.get()
    assert "192.0.2.77/32" in PBX.objects.get().sources.values_list("network", flat=True)


def test_where_an_outbound_route_leads(acme: CarrierGroup) -> None:
    backup, idle = make_group("Backup", "203.0.113.20"), make_group("Idle", "203.0.113.21", enabled=False)
    route = OutboundRoute.objects.get()
    OutboundRouteGroup.objects.create(route=route, group=idle, position=2)
    apply(author=None, nodes=[])
    Mtree.objects.filter(pk=route.pk).update(tprefix="o91", tvalue=f"dsiprouter:{backup.pk};{acme.pk}")
    stays = route.route_groups.get(group=acme)
    assert accept("mtree") == route
    route.refresh_from_db()
    assert route.prefix == "91"
    entries = route.route_groups.order_by("position")
    assert [(entry.position, entry.group) for entry in entries] == [(1, backup), (2, acme), (3, idle)]
    assert entries[1].pk == stays.pk, "it is moved, not deleted and added: so the history says"
    assert not any(changes.count for changes in make_plan().modules if changes.module.name == "mtree")
    apply(author=None, nodes=[])
    Mtree.objects.filter(pk=route.pk).update(tvalue=f"dsiprouter:{acme.pk}")
    accept("mtree")
    assert [entry.group for entry in route.route_groups.order_by("position")] == [acme, idle]


def test_shares_written_into_the_table(acme: CarrierGroup) -> None:
    backup = make_group("Backup", "203.0.113.20")
    route = OutboundRoute.objects.get()
    apply(author=None, nodes=[])

    def shares() -> list[int | None]:
        return [entry.share for entry in route.route_groups.order_by("position")]

    for value, expected in (("70;30", [70, 30]), ("0;5", [None, 5])):
        Mtree.objects.filter(pk=route.pk).update(tvalue=f"dsiprouter:{acme.pk};{backup.pk}:{value}")
        assert accept("mtree") == route
        assert shares() == expected
        apply(author=None, nodes=[])
    for odd, why in (("70", "do not fit"), ("70;x", "do not fit"), ("101;1", "less than or equal to 100")):
        Mtree.objects.filter(pk=route.pk).update(tvalue=f"dsiprouter:{acme.pk};{backup.pk}:{odd}")
        with pytest.raises(CannotAccept, match=why):
            accept("mtree")
        assert shares() == [None, 5]
    Mtree.objects.filter(pk=route.pk).update(tvalue=f"dsiprouter:{acme.pk};{backup.pk}")
    accept("mtree")
    assert shares() == [None, None]


def test_a_refusal_written_into_the_table_and_removed_again(acme: CarrierGroup) -> None:
    Mtree.objects.filter(tprefix="o9").update(tvalue="dsiprouter:refuse:403:Not here")
    route = accept("mtree")
    assert (route.refuse_code, route.refuse_reason, route.groups.count()) == (403, "Not here", 0)
    apply(author=None, nodes=[], allow_empty=True)
    Mtree.objects.filter(tprefix="o9").update(tvalue=f"dsiprouter:{acme.pk}")
    route = accept("mtree")
    assert (route.refuse_code, route.refuse_reason, route.groups.get()) == (None, "", acme)


def test_another_prefix_of_a_route_that_answers_its_calls(acme: CarrierGroup) -> None:
    make_route("8", refuse_code=603)
    make_route("7")
    apply(author=None, nodes=[])
    Mtree.objects.filter(tprefix="o8").update(tprefix="o88")
    route = accept("mtree")
    assert (route.prefix, route.refuse_code, route.refuse_reason) == ("88", 603, "")
    apply(author=None, nodes=[])
    Mtree.objects.filter(tprefix="o7").update(tprefix="o77")
    route = accept("mtree")
    assert (route.prefix, route.refuse_code, route.fall_through) == ("77", None, False)
    apply(author=None, nodes=[])
    PBX.objects.update(enabled=False)
    apply(author=None, nodes=[])
    Mtree.objects.filter(tprefix="i1444").update(tprefix="i1445")
    assert accept("mtree").prefix == "1445"


def test_a_refusal_that_no_route_can_have(acme: CarrierGroup) -> None:
    for value in ("dsiprouter:refuse:407:Log in", "dsiprouter:refuse:403:Größe", "dsiprouter:unavailable"):
        Mtree.objects.filter(tprefix="o9").update(tvalue=value)
        with pytest.raises(CannotAccept):
            accept("mtree")
        assert OutboundRoute.objects.get().groups.get() == acme


def test_where_an_inbound_route_leads(acme: CarrierGroup) -> None:
    shop = make_pbx("shop", "192.0.2.30", "192.0.2.30/32")
    apply(author=None, nodes=[])
    Mtree.objects.filter(tprefix="i1444").update(tprefix="i1445", tvalue=f"dsiprouter:{100_000_000 + shop.pk}")
    route = InboundRoute.objects.get()
    assert accept("mtree") == route
    route.refresh_from_db()
    assert (route.prefix, route.pbx) == ("1445", shop)


@pytest.mark.parametrize("prefix", ["o9", "i1444"])
def test_a_deleted_prefix_is_a_disabled_route(acme: CarrierGroup, prefix: str) -> None:
    Mtree.objects.filter(tprefix=prefix).delete()
    assert not accept("mtree").enabled


@pytest.mark.parametrize(
    ("prefix", "changes", "why"),
    [
        ("o9", {"tvalue": "dsiprouter:"}, "is no list of carrier groups or PBXs"),
        ("o9", {"tvalue": "dsiprouter:1;x"}, "is no list of carrier groups or PBXs"),
        ("o9", {"tvalue": "dsiprouter:4711"}, "The carrier group behind the row was deleted since"),
        ("o9", {"tprefix": "i9"}, "does not begin with “o”"),
        ("i1444", {"tvalue": "dsiprouter:100000001;100000002"}, "leads to one PBX"),
    ],
)
def test_a_prefix_that_says_nothing_is_refused(
    acme: CarrierGroup, prefix: str, changes: dict[str, str], why: str
) -> None:
    Mtree.objects.filter(tprefix=prefix).update(**changes)
    with pytest.raises(CannotAccept) as refusal:
        accept("mtree")
    assert why in str(refusal.value)


def test_an_accepted_row_is_no_drift_after_a_reload(acme: CarrierGroup) -> None:
    row_of(acme.endpoints.get(position=1)).update(destination="sip:203.0.113.70:5060")
    accept("dispatcher")
    assert read_drift().found, "until the next reload it is drift"
    apply(author=None, nodes=[])
    assert not read_drift().found
    assert Dispatcher.objects.filter(destination="sip:203.0.113.70:5060").exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"destination": "sip:203.0.113.300:5060"}, "is not an IP address"),
        ({"destination": "sips:gw.example"}, "Write sip: and the transport tls"),
        ({"attrs": "gwid=1;strip=x"}, "have a strip that is no number"),
        ({"attrs": "gwid=1;strip=99"}, "less than or equal to 30"),
        ({"attrs": "gwid=1;strip=0;prefix=a b"}, "The carriers can't be as the row is"),
    ],
)
def test_what_the_carriers_can_not_express_is_refused(acme: CarrierGroup, changes: dict[str, str], why: str) -> None:
    first = acme.endpoints.get(position=1)
    row_of(first).update(**changes)
    with pytest.raises(CannotAccept) as refusal:
        accept("dispatcher")
    assert why in str(refusal.value)
    before = (first.host, first.strip, first.prefix)
    first.refresh_from_db()
    assert (first.host, first.strip, first.prefix) == before


@pytest.mark.parametrize("changes", [{"setid": 99}, {"destination": "sip:192.0.2.10:5070", "priority": 5}, {}])
def test_of_a_pbxs_row_only_the_address_can_be_accepted(acme: CarrierGroup, changes: dict[str, Any]) -> None:
    row = Dispatcher.objects.filter(description__startswith="pbx:")
    if changes:
        row.update(**changes)
    else:
        row.delete()
    assert not can_accept(drifted("dispatcher"))


def test_the_row_of_an_object_deleted_since_can_not_be_accepted(acme: CarrierGroup) -> None:
    row_of(acme.endpoints.get(position=1)).update(priority=5)
    acme.delete()
    with pytest.raises(CannotAccept, match="The endpoint behind the row was deleted since"):
        accept("dispatcher")


def test_rows_that_the_carriers_can_not_express_can_only_be_restored(acme: CarrierGroup) -> None:
    credential = AuthCredential(group=acme, username="1000", registrar="sip.acme.example")
    credential.set_password("secret")
    credential.save()
    apply(author=None, nodes=[])
    Mtree.objects.create(pk=777, tprefix="o77", tvalue="dsiprouter:1")
    DrGateway.objects.filter(address="203.0.113.7:5060").update(strip=4)
    row_of(acme.endpoints.get(position=1)).update(setid=99)
    Address.objects.filter(ip_addr="203.0.113.7").update(mask=24)
    rows = read_drift().rows
    assert {row.table.name for row in rows} == {"mtree", "dr_gateways", "dispatcher", "address"}
    for row in rows:
        assert not can_accept(row), row
        with pytest.raises(CannotAccept, match="can only be restored"):
            accept_row(row=row)
    assert OutboundRoute.objects.get().groups.get() == acme
