"""The first plan after an upgrade changes nothing: neither rows nor words, whatever fields were added."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup, OutboundRoute
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from carriers.models.topics.topic import Topic
from carriers.snapshots.state import State
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.preview.summary import make_preview
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import preview_roll_back, roll_back
from kamailio_bridge.revisions.state_bytes import pack
from kamailio_bridge.tables.models import Mtree, Policy
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

NEW = {"refuse_code", "refuse_reason", "fall_through"}


def _without_columns(state: State, key: str, names: set[str]) -> None:
    columns = state[key]["columns"]
    places = [place for place, column in enumerate(columns) if column not in names]
    rows = [[row[place] for place in places] for row in state[key]["rows"]]
    state[key] = {"columns": [columns[place] for place in places], "rows": rows}


def as_before_routes_could_refuse(revision: Revision) -> None:
    """Make the revision's snapshot what the version before wrote."""
    state = revision.state()
    assert state is not None
    for key in ("outboundroute", "inboundroute"):
        _without_columns(state, key, NEW)
    Revision.objects.filter(pk=revision.pk).update(snapshot=pack(state))


def test_groups_of_before_change_nothing_that_calls_notice() -> None:
    """What the migration leaves of groups and PBXs of before has no row of its own, and a roll back keeps it so."""
    make_route("9", make_group("Acme", "203.0.113.7", header_filter="none", admit_names=False))
    make_pbx("office", "192.0.2.9", "192.0.2.9/32")
    revision = Revision.objects.get(pk=apply(author=None, nodes=[]).revision)
    assert not Policy.objects.exists()
    state = revision.state()
    assert state is not None
    for key, added in (("carriergroup", _names_of(GROUP_TOPICS)), ("pbx", _names_of(PBX_TOPICS))):
        _without_columns(state, key, added)
    state.pop("extraheader")
    Revision.objects.filter(pk=revision.pk).update(snapshot=pack(state))

    assert (make_plan().count, make_preview().changes, make_preview().losses) == (0, [], [])
    assert not read_drift().found
    revision.refresh_from_db()
    assert preview_roll_back(revision).changes == []
    CarrierGroup.objects.update(header_filter="unknown_x")
    assert make_plan().count == 1
    roll_back(revision=revision, author=None)
    assert CarrierGroup.objects.get().header_filter == "none"
    assert not CarrierGroup.objects.get().admit_names
    assert make_plan().count == 0


def _names_of(topics: tuple[Topic, ...]) -> set[str]:
    return {column.name for topic in topics for column in topic.fields._meta.local_fields}


def test_routes_that_fell_through_still_do() -> None:
    acme, off = make_group("Acme", "203.0.113.7"), make_group("Off", "203.0.113.8", enabled=False)
    for prefix, groups in {"9": [acme], "8": [off], "7": [], "": [off, acme]}.items():
        make_route(prefix, *groups, fall_through=True)  # as the migration leaves them
    office, home = make_pbx("office", "192.0.2.9", "192.0.2.9/32"), make_pbx("home", "192.0.2.10")
    for prefix, pbx in {"1444": home, "": office}.items():
        route = make_inbound_route(prefix, pbx)
        type(route).objects.filter(pk=route.pk).update(fall_through=True)
    type(home).objects.filter(pk=home.pk).update(enabled=False)
    revision = Revision.objects.get(pk=apply(author=None, nodes=[]).revision)
    assert sorted(Mtree.objects.values_list("tprefix", flat=True)) == ["i", "o", "o9", "s"]
    as_before_routes_could_refuse(revision)

    assert (make_plan().count, make_preview().changes, make_preview().losses) == (0, [], [])
    assert not read_drift().found
    revision.refresh_from_db()
    assert preview_roll_back(revision).changes == []
    falls = [str(warning) for warning in make_plan().warnings if "fall through to" in warning.text]
    default = "its calls fall through to the outbound default route."
    inbound = "its calls fall through to the inbound route for every other number, to PBX “office”."
    assert set(falls) == {
        f"outbound route 7: names no carrier group: {default}",
        f"outbound route 8: has no carrier group that calls can go to: {default}",
        f"inbound route 1444: leads to PBX “home”, which is disabled: {inbound}",
    }

    OutboundRoute.objects.filter(prefix="8").update(fall_through=False)
    assert make_plan().count == 1
    roll_back(revision=revision, author=None)
    assert OutboundRoute.objects.get(prefix="8").fall_through
    assert make_plan().count == 0
