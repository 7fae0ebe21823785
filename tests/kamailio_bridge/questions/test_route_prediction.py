"""The prediction as a pure function: which endpoints, in which order, and why no others."""

from __future__ import annotations

from kamailio_bridge.questions.route_prediction import predict
from tests.kamailio_bridge.records import carriers, credential, endpoint, group, outbound


def reasons(prediction: object) -> list[tuple[str, str]]:
    return [(each.endpoint, each.reason) for each in prediction.unused]  # type: ignore[attr-defined]


def test_every_endpoint_of_the_route_is_tried_or_has_its_reason() -> None:
    acme = group(
        1,
        endpoint(11, name="first", strip=1),
        endpoint(12, name="off", enabled=False),
        endpoint(13, name="calls us", direction="inbound"),
        endpoint(14, name="long", strip=4),
        endpoint(15, host="2001:db8::1", transport="tcp", prefix="#"),
        credential=credential(1, username="1000", auth_username="digest"),
    )
    backup = group(2, endpoint(21, name="spare"), enabled=False)
    prediction = predict(carriers(acme, backup, outbound(1, "9", 1, 2)), "9123")
    assert [(each.place, each.r_uri, each.transport, each.credential) for each in prediction.attempts] == [
        (1, "sip:123@203.0.113.7:5060", "udp", "digest"),
        (2, "sip:%239123@[2001:db8::1]:5060;transport=tcp", "tcp", "digest"),
    ]
    assert reasons(prediction) == [
        ("off", "disabled"),
        ("calls us", "it only calls us"),
        ("spare", "its carrier group is disabled"),
        ("long", "strips 4 characters, and the number has 4"),
    ]
    assert prediction.sentence == "9123 takes route 9."


def test_a_call_looks_at_29_endpoints_of_a_group_and_makes_29_attempts() -> None:
    large = group(1, *(endpoint(pk, name=str(pk), strip=2 if pk < 3 else 0) for pk in range(1, 33)))
    second = group(2, *(endpoint(pk, name=str(pk)) for pk in range(41, 45)))
    prediction = predict(carriers(large, second, outbound(1, "", 1, 2)), "91")
    assert [each.gwid for each in prediction.attempts] == [*range(3, 30), 41, 42]
    assert reasons(prediction)[:3] == [
        ("1", "strips 2 characters, and the number has 2"),
        ("2", "strips 2 characters, and the number has 2"),
        ("30", "a call looks at 29 endpoints of a group at most"),
    ]
    assert reasons(prediction)[-1] == ("44", "a call makes 29 attempts at most")


def test_endpoints_by_weight_share_a_place() -> None:
    shared = group(1, endpoint(11, weight=75), endpoint(12, weight=25), selection="weight")
    prediction = predict(carriers(shared, group(2, endpoint(21)), outbound(1, "", 1, 2)), "4711")
    assert [(each.place, each.weight) for each in prediction.attempts] == [(1, 75), (1, 25), (3, None)]
    assert prediction.notes == ["A node that routes by drouting tries endpoints by position only."]


def test_other_routes_that_match_are_named_with_what_speaks_against_them() -> None:
    empty, off = group(2, name="B"), group(3, endpoint(31), name="C", enabled=False)
    prediction = predict(
        carriers(
            group(1, endpoint(11)),
            empty,
            off,
            outbound(1, "", 1),
            outbound(2, "9", 1),
            outbound(3, "91", 2, 3, fall_through=True),
            outbound(4, "914", 1, enabled=False),
            outbound(5, "9144", fall_through=True),
            outbound(6, "8", 1),
        ),
        "91443",
    )
    assert prediction.prefix == "9"
    nobody = "carrier group “B” or carrier group “C”"
    assert prediction.notes == [
        "Outbound route 9144 matches too, but it names no carrier group; it falls through to route 9.",
        "Outbound route 914 matches too, but is disabled.",
        f"Outbound route 91 matches too, but no calls can go to {nobody}; it falls through to route 9.",
        "Outbound default route matches too, but route 9 is longer.",
    ]


def test_a_route_that_refuses_decides_by_its_prefix_as_others_do() -> None:
    routes = [
        outbound(1, "", 1),
        outbound(2, "900", refuse_code=403, refuse_reason="Premium numbers are not allowed"),
        outbound(3, "9001", 1),
    ]
    state = carriers(group(1, endpoint(11)), *routes)
    refused = predict(state, "900555")
    assert refused.sentence == "900555 is refused by route 900: 403 Premium numbers are not allowed."
    assert (refused.attempts, refused.outcome) == ([], "403 Premium numbers are not allowed")
    assert refused.notes == ["Outbound default route matches too, but route 900 is longer."]
    assert predict(state, "9001").sentence == "9001 takes route 9001."
    assert predict(carriers(outbound(1, "", refuse_code=480)), "1").sentence == (
        "1 is refused by the default route: 480 Temporarily Unavailable."
    )


def test_a_route_without_a_carrier_answers_503_unless_it_falls_through() -> None:
    off = group(2, endpoint(21), enabled=False)
    state = carriers(group(1, endpoint(11)), off, outbound(1, "4", 1), outbound(2, "49", 2))
    kept = predict(state, "4930")
    assert kept.sentence == "4930 takes route 49, but none of its carriers can take the call: it is answered 503."
    assert [unused.reason for unused in kept.unused] == ["its carrier group is disabled"]
    assert kept.outcome == "503 No carrier can take the call"
    falling = carriers(group(1, endpoint(11)), off, outbound(1, "4", 1), outbound(2, "49", 2, fall_through=True))
    fallen = predict(falling, "4930")
    assert (fallen.prefix, fallen.outcome) == ("4", "")
    assert fallen.notes == [
        "Outbound route 49 matches too, but no calls can go to carrier group “Carrier 2”; it falls through to route 4."
    ]
    nowhere = predict(carriers(off, outbound(2, "49", 2, fall_through=True)), "4930")
    assert nowhere.outcome == "404 no route"
    assert nowhere.notes[0].endswith("it falls through, and no other route matches.")


def test_no_route_and_no_endpoint() -> None:
    nothing = carriers(group(1, endpoint(11, strip=3)), outbound(1, "9", 1))
    assert predict(nothing, "4711").sentence == "No outbound route matches 4711: the call is answered 404."
    too_short = predict(nothing, "9")
    assert too_short.sentence == "9 takes route 9, but no endpoint can take the number: the call is answered 503."
    (note,) = too_short.notes
    assert note == (
        "A node that routes by drouting refuses this call with 404, because 203.0.113.7:5060 of Carrier 1 strips 3"
        " characters and the number has 1."
    )


def test_drouting_uses_30_endpoints_of_a_route() -> None:
    large = group(1, *(endpoint(pk, name=str(pk)) for pk in range(1, 38)))
    (note,) = predict(carriers(large, outbound(1, "", 1)), "4711").notes
    assert note == (
        "A node that routes by drouting uses the first 30 endpoints of a route, so not 31 of Carrier 1,"
        " 32 of Carrier 1, 33 of Carrier 1, 34 of Carrier 1, 35 of Carrier 1 and 2 more."
    )
