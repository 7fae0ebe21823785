"""Losses by deleting, disabling or applying are named in advance."""

from __future__ import annotations

import pytest

from carriers.snapshots.records import Carriers
from kamailio_bridge.preview.losses import Removal, consequences, losses, without
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
REGISTRATION_ENDS = "the registration of 1000 at sip.acme.example:5060 ends: the carrier sends no more calls for it."
OFFICE = pbx(1, "192.0.2.9/32", name="office")
NOBODY_LEFT = "outbound route 9: its calls are answered 503 from then on, because none of its carriers can take them."
STATE = carriers(ACME, BACKUP, OFFICE, outbound(1, "9", 1), outbound(2, "91", 1, 2), inbound(1, "1444", 1))


def of(state: Carriers, **removal: set[int]) -> list[str]:
    return [str(notice) for notice in consequences(state, Removal(**removal))]


def test_a_group_takes_its_routes_registration_and_sources_with_it() -> None:
    assert of(STATE, groups={1}) == [
        "outbound route 91: no longer goes to Acme, only to Backup.",
        NOBODY_LEFT,
        f"carrier group “Acme”: {REGISTRATION_ENDS}",
        "carrier group “Acme”: calls from 198.51.100.0/24, 203.0.113.8/32 are refused from then on.",
    ]


def test_the_last_endpoint_for_calls_takes_the_routes_with_it() -> None:
    assert of(STATE, endpoints={1}) == []
    assert of(STATE, endpoints={1, 2}) == [
        "outbound route 91: no longer goes to Acme, only to Backup.",
        NOBODY_LEFT,
        "carrier group “Acme”: calls from 203.0.113.8/32 are refused from then on.",
    ]


def test_a_pbx_takes_its_inbound_routes_and_its_calls_with_it() -> None:
    assert of(STATE, pbxs={1}) == [
        "inbound route 1444: no longer leads to PBX “office”: carriers' calls to its numbers are answered 404.",
        "PBX “office”: calls from 192.0.2.9/32 are refused from then on.",
    ]


def test_the_last_route_ends_all_outbound_calls() -> None:
    assert of(STATE, groups={1, 2})[0] == (
        "Outbound calls: no route leads to a carrier any more: every call of the PBXs is refused."
    )
    assert of(STATE, outbound_routes={1, 2})[0] == (
        "Outbound calls: no route is left for any of them: every call of the PBXs is answered 404."
    )


def test_a_route_says_where_its_calls_go_instead() -> None:
    state = carriers(BACKUP, outbound(1, "91", 2), outbound(2, "9", 2), outbound(3, "", 2))
    assert of(state, outbound_routes={1}) == [
        "outbound route 91: is removed: its calls take outbound route 9 from then on."
    ]
    assert of(state, outbound_routes={1, 2})[0] == (
        "outbound route 91: is removed: its calls take the outbound default route from then on."
    )


def test_the_shares_of_a_route_stay_with_their_groups() -> None:
    shared = outbound(1, "9", 1, 2)._replace(shares=(None, 70))
    state = carriers(ACME, BACKUP, shared)
    (left,) = without(state, Removal(groups={1})).outbound_routes
    assert (left.groups, left.shares) == ((2,), (70,))
    (left,) = without(state, Removal(groups={2})).outbound_routes
    assert (left.groups, left.shares) == ((1,), ())


def test_an_inbound_route_says_where_its_calls_go_instead() -> None:
    state = carriers(OFFICE, inbound(1, "1444", 1), inbound(2, "1", 1), inbound(3, "", 1))
    (first,) = of(state, inbound_routes={1})
    assert first.endswith("carriers' calls to its numbers take inbound route 1.")
    assert of(state, inbound_routes={1, 2})[0].endswith("take the inbound route for every other number.")


def test_an_address_within_a_network_of_somebody_else_is_still_let_in() -> None:
    wide = group(3, name="Wide", sources=sources("203.0.113.0/24", first=50))
    assert not any("203.0.113.8" in text for text in of(carriers(ACME, wide), groups={1}))


def test_an_ipv4_address_of_before_the_upgrade_that_was_written_as_ipv6() -> None:
    """No caller notices that it is stored as IPv4 now."""
    before = carriers(
        group(3, name="Mapped", sources=sources("::ffff:cb00:7109/128")), pbx(4, "::ffff:c000:200/120", name="office")
    )
    after = carriers(group(3, name="Mapped", sources=sources("203.0.113.9/32")), pbx(4, "192.0.2.0/24", name="office"))
    assert losses(before, after) == []
    assert [str(notice) for notice in losses(before, carriers())] == [
        "carrier group “Mapped”: calls from 203.0.113.9/32 are refused from then on.",
        "PBX “office”: calls from 192.0.2.0/24 are refused from then on.",
    ]


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
        (outbound(1, "9", fall_through=True), "is left without endpoints"),
    ],
)
def test_a_route_that_would_vanish_says_why(after: object, why: str) -> None:
    before = carriers(ACME, BACKUP, outbound(1, "9", 1), outbound(2, "7", 2))
    reported = [str(notice) for notice in losses(before, carriers(ACME, BACKUP, after, outbound(2, "7", 2)))]
    assert reported == [f"outbound route 9: {why}: its calls are answered 404."]


def test_a_prefix_that_another_route_takes_over_is_no_loss() -> None:
    before = carriers(ACME, outbound(1, "9", 1))
    assert losses(before, carriers(ACME, outbound(5, "9", 1))) == []


def test_a_route_that_refuses_says_what_becomes_of_its_calls() -> None:
    before = carriers(ACME, BACKUP, outbound(1, "9", 1), outbound(2, "", 2))
    refusing = outbound(3, "900", refuse_code=403, refuse_reason="Not here")
    after = before._replace(outbound_routes=(*before.outbound_routes, refusing))
    assert [str(notice) for notice in losses(before, after)] == [
        "outbound route 900: its calls, which took outbound route 9, are refused from then on: 403 Not here."
    ]
    assert [str(notice) for notice in losses(after, before)] == [
        "outbound route 900: no longer refuses its calls: they take outbound route 9 from then on."
    ]
    turned = carriers(ACME, BACKUP, outbound(1, "9", refuse_code=603), outbound(2, "", 2))
    assert [str(notice) for notice in losses(before, turned)] == [
        "outbound route 9: its calls are refused from then on: 603 Decline."
    ]
    assert losses(turned, turned) == []


def test_calls_that_another_route_answers_are_no_calls_that_it_takes() -> None:
    before = carriers(ACME, BACKUP, outbound(1, "91", 1), outbound(2, "9", 3, refuse_code=603), outbound(3, "", 2))
    assert of(before, outbound_routes={1}) == [
        "outbound route 91: is removed: its calls are answered 603 by outbound route 9 from then on."
    ]


def test_an_inbound_route_whose_pbx_is_disabled_keeps_its_calls() -> None:
    home = pbx(2, "192.0.2.10/32", name="home")
    before = carriers(OFFICE, home, inbound(1, "1444", 1), inbound(2, "", 2))
    after = carriers(OFFICE._replace(enabled=False), home, inbound(1, "1444", 1), inbound(2, "", 2))
    assert str(losses(before, after)[0]).endswith("its numbers are answered 503 by inbound route 1444.")
    after = after._replace(inbound_routes=(inbound(1, "1444", 1, fall_through=True), inbound(2, "", 2)))
    assert str(losses(before, after)[0]).endswith("its numbers take the inbound route for every other number.")


def test_nothing_is_lost_by_adding() -> None:
    assert losses(carriers(), STATE) == []
