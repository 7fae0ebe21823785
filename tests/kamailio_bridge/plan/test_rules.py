"""The problems that refuse an apply, and the warnings: pure functions of the carriers."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from carriers.snapshots.records import Carriers
from carriers.snapshots.route_records import ConditionRecord, InboundRouteRecord
from kamailio_bridge.plan import rules
from tests.kamailio_bridge.records import carriers, endpoint, group, inbound, outbound, pbx, sources

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


def problems(*things: Any) -> list[str]:
    return list(map(str, rules.problems(carriers(*things))))


def test_values_at_their_limits_are_accepted() -> None:
    values = {"strip": 30, "weight": 100, "prefix": "1" * 30}
    assert problems(
        group(1, endpoint(1, strip=0, weight=1, port=1), endpoint(2, port=65535, **values), sources=sources("::/1")),
        pbx(1, "0.0.0.0/1"),
        outbound(1, "1" * 30, 1),
        outbound(2, "2", refuse_code=403, refuse_reason="x" * 64),
        inbound(1, "3" * 30, 1),
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("thing", "reported"),
    [
        (group(1, endpoint(1, strip=-1)), "strip -1 is not from 0 to 30."),
        (group(1, endpoint(1, strip=31)), "strip 31 is not from 0 to 30."),
        (group(1, endpoint(1, weight=0)), "weight 0 is not from 1 to 100."),
        (group(1, endpoint(1, weight=101)), "weight 101 is not from 1 to 100."),
        (group(1, endpoint(1, host="999.1.1.1")), "“999.1.1.1” is not an IP address"),
        (group(1, endpoint(1, port=0)), "is not a port: enter a number from 1 to 65535"),
        (group(1, endpoint(1, transport="ws")), "ws"),
        (group(1, endpoint(1, prefix="1;x")), "prefix “1;x”: "),
        (group(1, endpoint(1, prefix="1" * 31)), "has more than 30 characters."),
        (group(1, endpoint(1), sources=sources("198.51.100.0/33")), "source: "),
        (pbx(1, host="999.1.1.1"), "“999.1.1.1” is not an IP address"),
        (pbx(1, port=65536), "is not a port: enter a number from 1 to 65535"),
        (pbx(1, transport="ws"), "ws"),
        (pbx(1, "198.51.100.0/33"), "source: "),
        (outbound(1, "1;x", 1), "prefix “1;x”: "),
        (outbound(1, "1" * 31, 1), "has more than 30 characters."),
        (outbound(1, "1", refuse_code=499), "refuse with 499 is not possible."),
        (outbound(1, "1", refuse_code=403, refuse_reason="a\nb"), "reason “a\nb”: Only letters"),
        (outbound(1, "1", refuse_code=403, refuse_reason="x" * 65), "it has more than 64 characters."),
        (inbound(1, "1;x", 1), "prefix “1;x”: "),
    ],
)
def test_a_value_beyond_its_limits_is_refused_with_the_object_named(thing: Any, reported: str) -> None:
    label = {
        "GroupRecord": "carrier group “Carrier 1”",
        "PBXRecord": "PBX “PBX 1”: ",
        "OutboundRouteRecord": "outbound route 1",
        "InboundRouteRecord": "inbound route 1;x: ",
    }[type(thing).__name__]
    (problem,) = problems(thing)
    assert problem.startswith(label)
    assert reported in problem


def test_every_endpoint_with_the_same_wrong_settings_is_named() -> None:
    found = problems(group(1, endpoint(1, "203.0.113.1", strip=31), endpoint(2, "203.0.113.2", strip=31)))
    assert [problem.partition(":5060")[0][-11:] for problem in found] == ["203.0.113.1", "203.0.113.2"]


KINDS = [
    group,
    lambda pk: group(1, endpoint(pk)),
    pbx,
    lambda pk: outbound(pk, "1", 1),
    lambda pk: inbound(pk, "1", 1),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_leaves_the_range_of_its_kind_is_refused(kind: Any) -> None:
    assert problems(kind(99_999_999), group(2)) == []
    assert problems(kind(100_000_000), group(2)) == [
        "KAMAILIO_ID_BASE: is 0; with the key 100000000 on top that is more than Kamailio's columns hold."
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_kamailio_can_not_read_is_refused(kind: Any, settings: Settings) -> None:
    settings.KAMAILIO_ID_BASE = 1_600_000_000
    assert problems(kind(2**31 - 1 - 2_100_000_000), group(2)) == []
    assert problems(kind(2**31 - 2_100_000_000), group(2)) == [
        "KAMAILIO_ID_BASE: is 1600000000; with the key 47483648 on top that is more than Kamailio's columns hold."
    ]


def test_no_carriers_are_no_problem() -> None:
    assert problems() == []


def test_only_an_enabled_pbx_or_endpoint_at_our_own_address_is_warned_of(settings: Settings) -> None:
    settings.DSIPROUTER_SIP_ADDRESS, settings.DSIPROUTER_SIP_PORT = "203.0.113.5", 5060
    ours, text = "203.0.113.5", "is Kamailio's own SIP address, so calls to it come back to us: enter the address of"
    others = [
        group(2, endpoint(2, ours, enabled=False), endpoint(3, ours, port=5061), endpoint(4)),
        group(3, endpoint(5, ours), enabled=False),
        pbx(2, host=ours, enabled=False),
        pbx(3, host=ours, port=5061),
    ]
    settings.DSIPROUTER_SIP_SOCKETS = "wan=203.0.113.6:5070 advertise 198.51.100.6:5070"
    named = group(4, endpoint(6, "203.0.113.6"), endpoint(7, "198.51.100.6", port=5070))
    state = carriers(group(1, endpoint(1, ours)), pbx(1, host=ours), named, *others)
    found = list(map(str, rules.warnings(state)))
    assert [warning for warning in found if text in warning] == [
        f"carrier group “Carrier 1”, endpoint {ours}:5060: {text} the carrier.",
        f"carrier group “Carrier 4”, endpoint 198.51.100.6:5070: {text} the carrier.",
        f"PBX “PBX 1”: {text} the PBX.",
    ]


@pytest.mark.parametrize(
    ("values", "warned"),
    [({"any_pbx": False}, True), ({"any_pbx": False, "pbxs": (1,)}, False), ({"any_pbx": True}, False)],
)
def test_a_condition_that_no_call_meets(values: dict[str, Any], warned: bool) -> None:
    route = outbound(1, "9", 1, condition=5)
    state = carriers(OFFICE, group(1, endpoint(1)), route, ConditionRecord(5, "nobody", **values))
    text = "names no PBX, so no call meets it: routes and carrier groups with it get no calls."
    expected = [f"condition “nobody”: {text}"]
    assert list(map(str, rules.warnings(state))) == (expected if warned else [])
    unused = state._replace(outbound_routes=(route._replace(condition=None),))
    assert list(map(str, rules.warnings(unused))) == []


def test_tls_settings_that_no_module_writes_are_warned_of(settings: Settings) -> None:
    state = carriers(group(1, endpoint(1), verify_certificate=False))
    assert list(map(str, rules.warnings(state))) == []
    settings.KAMAILIO_MODULES = ["policy", "dispatcher", "mtree"]
    text = "carrier group “Carrier 1”: has TLS settings of its own: add “certificates” to KAMAILIO_MODULES."
    assert list(map(str, rules.warnings(state))) == [text]
