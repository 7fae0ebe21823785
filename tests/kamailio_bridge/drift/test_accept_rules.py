"""Accept rules of routes that were written into mtree: conditions, and carriers of inbound routes."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.models import CarrierGroup, Condition, InboundRoute, OutboundRoute
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.drift.accept import accept_row
from kamailio_bridge.drift.compare import read_drift
from kamailio_bridge.modules.acceptance.accepted import CannotAccept
from kamailio_bridge.tables.models import Mtree
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def acme() -> CarrierGroup:
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9"))
    assert apply(author=None, nodes=[]).revision
    return group


def accept() -> Any:
    (row,) = [row for row in read_drift().rows if row.table.model is Mtree]
    return accept_row(row=row)


def test_conditions_written_into_the_table(acme: CarrierGroup) -> None:
    night = Condition.objects.create(name="night")
    route = OutboundRoute.objects.get()
    apply(author=None, nodes=[])
    row, rule = Mtree.objects.filter(pk=route.pk), f"dsiprouter:if:{night.pk}:1:stop:"

    def conditions() -> tuple[Condition | None, Condition | None]:
        found = OutboundRoute.objects.get()
        return found.condition, found.route_groups.get().condition

    for value, expected in (
        (f"{rule}{acme.pk}", (night, None)),
        (f"dsiprouter:if:0:1:stop:{acme.pk}::{night.pk}", (None, night)),
        (f"dsiprouter:{acme.pk}", (None, None)),
    ):
        row.update(tvalue=value)
        assert accept() == route
        assert conditions() == expected
        apply(author=None, nodes=[])
    for value, why in (
        (f"{rule}{acme.pk}::{night.pk};{night.pk}", "do not fit its carrier groups"),
        (f"dsiprouter:if:77:1:stop:{acme.pk}", "does not exist|no longer|deleted"),
        (f"dsiprouter:by:1:1:stop:{acme.pk}", "a rule of an inbound route"),
    ):
        row.update(tvalue=value)
        with pytest.raises(CannotAccept, match=why):
            accept()
        assert conditions() == (None, None)


def test_a_rule_of_an_inbound_route_is_only_restored(acme: CarrierGroup) -> None:
    inbound = InboundRoute.objects.get()
    row = Mtree.objects.get(tvalue__startswith="dsiprouter:", tprefix=f"i{inbound.prefix}")
    sets = row.tvalue.partition(":")[2]
    Mtree.objects.filter(pk=row.pk).update(tvalue=f"dsiprouter:by:{inbound.pk}:0:stop:{sets}")
    with pytest.raises(CannotAccept, match="which carrier groups' calls go to other PBXs"):
        accept()
