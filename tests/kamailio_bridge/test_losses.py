"""What deleting, disabling or applying takes away, named before it is done."""

from __future__ import annotations

import pytest

from carriers.snapshot import Carriers
from kamailio_bridge.losses import Removal, consequences, losses
from tests.kamailio_bridge.records import carriers, credential, endpoint, group, inbound, outbound, pbx, sources

ACME = group(
    1,
    endpoint(1, direction="outbound"),
    endpoint(2, "203.0.113.8"),
    name="Acme",
    sources=sources("198.51.100.0/24"),
    credential=credential(1),
)
BACKUP = group(2, endpoint(3, "203.0.113.9", direction="outbound"), name="Backup")
REGISTRATION_ENDS = "the registration of 1000 at sip.acme.example ends: the carrier sends no more calls for it."
OFFICE = pbx(1, "192.0.2.9/32", name="office")
STATE = carriers(ACME, BACKUP, OFFICE, outbound(1, "9", 1), outbound(2, "91", 1, 2), inbound(1, "1444", 1))


def of(state: Carriers, **removal: set[int]) -> list[str]:
    return [str(notice) for notice in consequences(state, Removal(**removal))]


def test_a_group_takes_its_routes_registration_and_sources_with_it() -> None:
    assert of(STATE, groups={1}) == [
        "outbound route 9: is left without endpoints: its calls are answered 404.",
        "outbound route 91: no longer goes to Acme, only to Backup.",
        f"carrier group “Acme”: {REGISTRATION_ENDS}",
        "carrier group “Acme”: calls from 198.51.100.0/24, 203.0.113.8/32 are refused from then on.",
    ]


def test_the_last_endpoint_for_calls_takes_the_routes_with_it() -> None:
    assert of(STATE, endpoints={1}) == []
    assert of(STATE, endpoints={1, 2}) == [
        "outbound route 9: is left without endpoints: its calls are answered 404.",
        "outbound route 91: no longer goes to Acme, only to Backup.",
        "carrier group “Acme”: calls from 203.0.113.8/32 are refused from then on.",
    ]


def test_a_pbx_takes_its_inbound_routes_and_its_calls_with_it() -> None:
    assert of(STATE, pbxs={1}) == [
        "inbound route 1444: no longer leads to PBX “office”: carriers' calls to its numbers are answered 404.",
        "PBX “office”: calls from 192.0.2.9/32 are refused from then on.",
    ]


def test_the_last_route_ends_all_outbound_calls() -> None:
    assert of(STATE, groups={1, 2})[0] == (
        "Outbound calls: no route is left for any of them: every call of the PBXs is answered 404."
    )


def test_a_route_says_where_its_calls_go_instead() -> None:
    state = carriers(BACKUP, outbound(1, "91", 2), outbound(2, "9", 2), outbound(3, "", 2))
    assert of(state, outbound_routes={1}) == [
        "outbound route 91: is removed: its calls take the outbound route 9 from then on."
    ]
    assert of(state, outbound_routes={1, 2})[0] == (
        "outbound route 91: is removed: its calls take the default route from then on."
    )


def test_an_inbound_route_says_where_its_calls_go_instead() -> None:
    state = carriers(OFFICE, inbound(1, "1444", 1), inbound(2, "1", 1), inbound(3, "", 1))
    (first,) = of(state, inbound_routes={1})
    assert first.endswith("carriers' calls to its numbers take the inbound route 1.")
    assert of(state, inbound_routes={1, 2})[0].endswith("take the inbound route for every other number.")


def test_an_address_within_a_network_of_somebody_else_is_still_let_in() -> None:
    wide = group(3, name="Wide", sources=sources("203.0.113.0/24", first=50))
    assert not any("203.0.113.8" in text for text in of(carriers(ACME, wide), groups={1}))


def test_what_is_no_network_is_left_to_the_plan_to_complain_of() -> None:
    odd = group(3, name="Odd", sources=sources("198.51.100.0", "nonsense", "10.0.0.0/99", first=50))
    assert of(carriers(odd, ACME), groups={1})[-1].startswith("carrier group “Acme”: calls from 198.51.100.0/24")
    assert of(carriers(odd), groups={3}) == [
        "carrier group “Odd”: calls from 198.51.100.0, nonsense, 10.0.0.0/99 are refused from then on."
    ]


def test_what_was_not_in_force_takes_nothing_away() -> None:
    state = carriers(ACME._replace(enabled=False), outbound(1, "9", 1), inbound(1, "1", 7))
    assert of(state, groups={1}, inbound_routes={1}) == []


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (outbound(1, "9", 1, enabled=False), "is disabled"),
        (outbound(1, "8", 1), "has another prefix"),
        (outbound(1, "9"), "is left without endpoints"),
    ],
)
def test_a_route_that_would_vanish_says_why(after: object, why: str) -> None:
    before = carriers(ACME, BACKUP, outbound(1, "9", 1), outbound(2, "7", 2))
    said = [str(notice) for notice in losses(before, carriers(ACME, BACKUP, after, outbound(2, "7", 2)))]
    assert said == [f"outbound route 9: {why}: its calls are answered 404."]


def test_a_prefix_that_another_route_takes_over_is_no_loss() -> None:
    before = carriers(ACME, outbound(1, "9", 1))
    assert losses(before, carriers(ACME, outbound(5, "9", 1))) == []


def test_nothing_is_lost_by_adding() -> None:
    assert losses(carriers(), STATE) == []
