"""A revision keeps the carriers exactly as they were projected."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup, Endpoint
from carriers.snapshots.records import read_carriers
from carriers.snapshots.state import take_state
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision, RevisionQuerySet
from kamailio_bridge.revisions.state_bytes import pack, unpack
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def test_a_revision_keeps_the_carriers_that_were_projected() -> None:
    make_route("9", make_group("Acme", "203.0.113.7", "203.0.113.8"))
    then, records = take_state(), read_carriers()
    result = apply(author=None, nodes=[])
    CarrierGroup.objects.all().delete()
    revision = Revision.objects.get(number=result.revision)
    assert revision.carriers() == records
    assert revision.state() == unpack(pack(then))


def test_lists_of_revisions_do_not_load_the_snapshots() -> None:
    apply(author=None, nodes=[])
    assert "snapshot" in Revision.objects.get().get_deferred_fields()


def test_a_revision_that_was_not_written_keeps_no_carriers() -> None:
    revision = Revision.objects.create(outcome=Revision.Outcome.FAILED)
    assert (revision.state(), revision.carriers()) == (None, None)


def test_revisions_by_what_became_of_them() -> None:
    outcomes = Revision.Outcome
    number_of = {outcome: Revision.objects.create(outcome=outcome).number for outcome in outcomes}
    Revision.objects.filter(outcome=outcomes.BEHIND).update(snapshot=b"x")

    def found(revisions: RevisionQuerySet) -> set[str]:
        return set(revisions.values_list("outcome", flat=True))

    everything = Revision.objects.all()
    assert found(everything.not_failed()) == {*outcomes} - {outcomes.FAILED}
    assert found(everything.written()) == {outcomes.WRITTEN, outcomes.VERIFIED, outcomes.BEHIND}
    assert found(everything.verified()) == {outcomes.VERIFIED}
    assert found(everything.with_snapshot()) == {outcomes.BEHIND}
    newest = Revision.objects.order_by("number").newest()
    assert newest is not None
    assert newest.number == max(number_of.values())
    assert Revision.objects.filter(number=0).newest() is None


def test_ten_thousand_endpoints_take_little_room() -> None:
    groups = CarrierGroup.objects.bulk_create(CarrierGroup(name=f"Carrier {n}") for n in range(1000))
    groups = list(CarrierGroup.objects.order_by("pk"))  # MySQL does not return the keys
    Endpoint.objects.bulk_create(
        Endpoint(group=group, host=f"203.{n // 250}.{n % 250}.{p + 1}", position=p + 1)
        for n, group in enumerate(groups)
        for p in range(10)
    )
    assert len(pack(make_plan().state)) < 300_000
