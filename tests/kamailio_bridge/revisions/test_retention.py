"""How many revisions keep their carriers, and which ones always do."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from carriers.models import Endpoint
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.retention import drop_old_snapshots
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def kept() -> list[int]:
    return sorted(Revision.objects.exclude(snapshot=None).values_list("pk", flat=True))


def revisions(*outcomes: Revision.Outcome) -> list[int]:
    return [Revision.objects.create(outcome=outcome, snapshot=b"x", changes=["+ row"]).pk for outcome in outcomes]


def test_the_last_ones_are_kept(settings: Settings) -> None:
    settings.KAMAILIO_REVISIONS_KEPT = 3
    numbers = revisions(*[Revision.Outcome.VERIFIED] * 5)
    assert drop_old_snapshots(in_tables=numbers[-1]) == 2
    assert kept() == numbers[2:]
    dropped = Revision.objects.get(pk=numbers[0])
    assert (dropped.changes, dropped.outcome) == ([], Revision.Outcome.VERIFIED), "its record stays"


def test_the_revision_in_the_tables_and_the_last_verified_one_are_always_kept(settings: Settings) -> None:
    settings.KAMAILIO_REVISIONS_KEPT = 0  # the newest is kept even so
    good = revisions(Revision.Outcome.VERIFIED, Revision.Outcome.VERIFIED)
    bad = revisions(Revision.Outcome.BEHIND, Revision.Outcome.WRITTEN, Revision.Outcome.BEHIND)
    drop_old_snapshots(in_tables=bad[1])
    assert kept() == [good[1], bad[1], bad[2]]


def test_an_apply_drops_them(settings: Settings) -> None:
    settings.KAMAILIO_REVISIONS_KEPT = 2
    make_route("9", make_group("Acme", "203.0.113.7"))
    numbers = []
    for strip in range(4):
        Endpoint.objects.update(strip=strip)
        numbers.append(apply(author=None, nodes=[]).revision)
    assert kept() == numbers[2:]
    assert Revision.objects.count() == 4
