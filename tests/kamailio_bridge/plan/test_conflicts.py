"""A row of another program with a set id, prefix or name of ours: our object stays as it was, the rest is applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from carriers.models import PBX, AuthCredential, CarrierGroup, InboundRoute, OutboundRoute, OutboundRouteGroup
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Address, Dispatcher, DrRule, Htable, Mtree, Uacreg
from tests.commands import run_command
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route
from tests.kamailio_bridge.plan.test_foreign_rows import NEW, OLD, calls_go_to

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def group(node: Node) -> Iterator[CarrierGroup]:
    """A carrier group that calls go to; afterwards the node runs nothing again."""
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    assert press(node).ok
    yield group
    for model in (OutboundRoute, InboundRoute, PBX, CarrierGroup):
        model._default_manager.all().delete()
    Dispatcher.objects.all().delete()
    assert apply(author=None, nodes=[node], allow_empty=True).ok


def press(node: Node) -> ApplyResult:
    return apply(author=None, nodes=[node])


def foreign_destination(group: CarrierGroup) -> Dispatcher:
    return Dispatcher.objects.create(
        pk=70_000_000, setid=group.pk, destination="sip:127.0.0.99:5060", description="another tool"
    )


def test_a_new_group_whose_set_is_taken_is_left_out_with_its_route(node: Node, group: CarrierGroup) -> None:
    """All of it or nothing: no route leads to the other program's destination, and no source is admitted."""
    second = make_group("Backup", "127.0.0.22", selection="weight")
    route = make_route("91", second)
    credential = AuthCredential(group=second, username="1000", registrar="127.0.0.22")
    credential.set_password("a password of a carrier")
    credential.save()
    taken = foreign_destination(second)
    group.endpoints.update(strip=1)
    result = press(node)
    assert result.outcome == "partial"
    assert not result.ok
    assert result.plan is not None
    assert [notice.where for notice in result.plan.left_out] == ["carrier group “Backup”", "outbound route 91"]
    assert (
        f"carrier group “Backup”: is not applied, because it needs setid “{second.pk}” in the table dispatcher, where"
        f" row {taken.pk} of another program has it. Kamailio keeps what it has of it. Remove that row, or set"
        " KAMAILIO_ID_BASE to give our rows room, then reload. And 1 more object is not applied."
    ) in result.sentence
    assert calls_go_to(node) == NEW
    assert list(Dispatcher.objects.filter(setid=second.pk)) == [taken]
    assert not Mtree.objects.filter(tprefix="o91").exists()
    assert not Address.objects.filter(tag=f"carrier-{second.pk}").exists()
    assert not Htable.objects.filter(key_name=f"dsiprouter:set:{second.pk}").exists()
    assert not Uacreg.objects.exists()
    assert not DrRule.objects.filter(description=f"route:{route.pk}").exists()
    revision = Revision.objects.latest("number")
    assert revision.outcome == "verified"
    assert len(revision.left_out) == 2
    assert "Backup" in revision.left_out[0]
    taken.delete()
    assert press(node).ok
    assert Mtree.objects.filter(tprefix="o91").exists()
    assert Uacreg.objects.get().l_uuid == f"carrier-{second.pk}"


def test_an_emergency_disable_goes_through_whatever_stands_in_the_way_of_others(
    node: Node, group: CarrierGroup
) -> None:
    backup = make_group("Backup", "127.0.0.22")
    OutboundRouteGroup.objects.create(route=OutboundRoute.objects.get(), group=backup, position=2)
    assert press(node).ok
    foreign_destination(make_group("Third", "127.0.0.23"))
    group.enabled = False
    group.save()
    assert press(node).outcome == "partial"
    assert calls_go_to(node) == ["sip:914443332222@127.0.0.22:5060"]


def test_a_group_in_force_stays_as_it_was_and_can_still_be_disabled(node: Node, group: CarrierGroup) -> None:
    """Another program put a row into a set that is in use: what is changed of the group waits until it is gone."""
    taken = foreign_destination(group)
    result = press(node)
    assert result.ok, result.sentence
    assert result.plan is not None
    assert any("Kamailio may use that row as well as ours" in str(warning) for warning in result.plan.warnings)
    group.endpoints.update(strip=1)
    group.sources.create(network="127.0.9.0/24")
    make_route("8", group)
    result = press(node)
    assert result.outcome == "partial", result.sentence
    assert OLD[0] in calls_go_to(node)
    assert not Address.objects.filter(ip_addr="127.0.9.0").exists()
    assert Mtree.objects.filter(tprefix="o8").exists()  # the group is in force, so a further route may lead to it
    assert press(node).sentence.startswith("Nothing else was to be applied.")
    group.enabled = False
    group.save()
    assert apply(author=None, nodes=[node], allow_empty=True).ok
    assert list(Dispatcher.objects.all()) == [taken]
    assert not calls_go_to(node)[0].startswith("sip:")


def test_a_route_whose_prefix_is_taken_stays_with_its_old_prefix(node: Node, group: CarrierGroup) -> None:
    """And a route that wants the old one is left out too: no prefix leads to two places."""
    Mtree.objects.create(pk=70_000_000, tprefix="o7", tvalue="7")
    OutboundRoute.objects.update(prefix="7")
    other = make_group("Backup", "127.0.0.22")
    make_route("9", other)
    make_route("6", other)
    result = press(node)
    assert result.outcome == "partial"
    assert result.plan is not None
    assert [notice.where for notice in result.plan.left_out] == ["outbound route 7", "outbound route 9"]
    assert "tprefix “o7” in the table mtree" in result.sentence
    assert "KAMAILIO_ID_BASE" not in result.sentence  # it moves no prefix
    assert calls_go_to(node) == OLD
    assert set(Mtree.objects.values_list("tprefix", flat=True)) == {"s", "o9", "o7", "o6"}
    state = Revision.objects.latest("number").carriers()
    assert state is not None
    assert [route.prefix for route in state.outbound_routes] == ["9", "6"]
    Mtree.objects.filter(pk=70_000_000).delete()
    assert press(node).ok
    assert calls_go_to(node) == ["sip:914443332222@127.0.0.22:5060"]


def test_a_pbx_whose_set_is_taken_keeps_its_inbound_routes_where_they_were(node: Node, group: CarrierGroup) -> None:
    office = make_pbx("office", "127.0.0.31", "127.0.0.31/32")
    inbound = make_inbound_route("1444", office)
    assert press(node).ok
    new = make_pbx("new office", "127.0.0.32", "127.0.0.32/32")
    InboundRoute.objects.filter(pk=inbound.pk).update(pbx=new)
    before = list(Mtree.objects.filter(tprefix="i1444").values())
    Dispatcher.objects.create(pk=70_000_000, setid=100_000_000 + new.pk, destination="sip:127.0.0.99:5060")
    result = press(node)
    assert result.plan is not None
    assert [notice.where for notice in result.plan.left_out] == ["PBX “new office”", "inbound route 1444"]
    assert list(Mtree.objects.filter(tprefix="i1444").values()) == before
    assert not Address.objects.filter(tag=f"pbx-{new.pk}").exists()


def test_a_selection_by_weight_whose_name_is_taken(node: Node, group: CarrierGroup) -> None:
    Htable.objects.create(pk=70_000_000, key_name=f"dsiprouter:set:{group.pk}x", key_value="other")
    group.selection = "weight"
    group.save()
    assert press(node).ok  # a row of ours by its mark is no other program's: it is removed
    assert not Htable.objects.filter(pk=70_000_000).exists()


def test_all_commands_and_the_drift_say_the_same(node: Node, group: CarrierGroup) -> None:
    second = make_group("Backup", "127.0.0.22")
    make_route("8", second)
    foreign_destination(second)
    planned = run_command("plan_kamailio", "--check")
    assert planned.status == 1
    assert "left out: carrier group “Backup”: is not applied" in planned.err
    assert (
        "left out: outbound route 8: is not applied, because it needs a change of carrier group “Backup”" in planned.err
    )
    assert press(node).outcome == "partial"
    assert make_plan().count == 0
    assert read_drift().sentences() == []
    assert run_command("plan_kamailio", "--check").status == 1
    asked = run_command("roll_back", str(Revision.objects.latest("number").number), "--yes")
    assert asked.status == 0, asked.err
    assert not CarrierGroup.objects.filter(name="Backup").exists()  # the revision did not have it
    assert press(node).ok


def test_the_first_apply_of_all_leaves_out_what_is_taken(node: Node) -> None:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    backup = make_group("Backup", "127.0.0.22")
    make_route("8", backup)
    Revision.objects.all().delete()
    foreign_destination(group)
    assert press(node).outcome == "partial"
    assert set(Mtree.objects.values_list("tprefix", flat=True)) == {"s", "o8"}
    assert calls_go_to(node) == ["no route"]
