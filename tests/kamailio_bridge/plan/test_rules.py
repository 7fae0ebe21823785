"""What operators are warned of: pure functions of the carriers."""

from __future__ import annotations

import pytest

from carriers.snapshots.records import Carriers, InboundRouteRecord
from kamailio_bridge.plan import rules
from tests.kamailio_bridge.records import carriers, inbound, pbx

OFFICE, OFF = pbx(1, name="office"), pbx(2, name="old", enabled=False)
LEADS_NOWHERE = "inbound route 1444: leads to PBX “old”, which is disabled: its calls "


def warnings(*routes: InboundRouteRecord) -> list[str]:
    state: Carriers = carriers(OFFICE, OFF, *routes)
    return list(map(str, rules.warnings(state)))


@pytest.mark.parametrize("fall_through", [False, True])
def test_an_inbound_route_to_an_enabled_pbx_is_not_warned_of(fall_through: bool) -> None:
    assert warnings(inbound(1, "1444", 1, fall_through=fall_through)) == []


@pytest.mark.parametrize("fall_through", [False, True])
def test_a_disabled_inbound_route_is_not_warned_of(fall_through: bool) -> None:
    assert warnings(inbound(1, "1444", 2, enabled=False, fall_through=fall_through)) == []


def test_an_inbound_route_to_a_pbx_that_is_gone_is_not_warned_of() -> None:
    assert warnings(inbound(1, "1444", 7)) == []


def test_an_inbound_route_to_a_disabled_pbx_answers_its_calls() -> None:
    assert warnings(inbound(1, "1444", 2), inbound(2, "1", 1)) == [f"{LEADS_NOWHERE}are answered 503."]


@pytest.mark.parametrize(
    ("others", "calls"),
    [
        ([], "fall through, and no other route matches them: they are answered 404."),
        ([inbound(2, "15", 1)], "fall through, and no other route matches them: they are answered 404."),
        ([inbound(2, "14", 1, enabled=False)], "fall through, and no other route matches them: they are answered 404."),
        ([inbound(2, "14", 1), inbound(3, "1", 1)], "fall through to inbound route 14, to PBX “office”."),
        ([inbound(2, "", 1)], "fall through to the inbound route for every other number, to PBX “office”."),
    ],
)
def test_an_inbound_route_to_a_disabled_pbx_falls_through(others: list[InboundRouteRecord], calls: str) -> None:
    assert warnings(inbound(1, "1444", 2, fall_through=True), *others) == [LEADS_NOWHERE + calls]


def test_an_inbound_route_falls_through_to_one_that_answers_its_calls() -> None:
    first, second = warnings(inbound(1, "1444", 2, fall_through=True), inbound(2, "14", 2))
    assert first == f"{LEADS_NOWHERE}fall through to inbound route 14, which answers 503."
    assert second == "inbound route 14: leads to PBX “old”, which is disabled: its calls are answered 503."
