"""Which answers of a carrier fail over to the next endpoint, and which go back to the caller."""

from __future__ import annotations

import pytest

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.incoming import Behaviour, answer, refuse

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"


def two_carriers(scene: Scene, first: Behaviour) -> tuple[UserAgent, UserAgent]:
    """Put two carriers, each a group of its own, behind one route."""
    carriers = scene.carrier(first), scene.carrier()
    groups = [scene.group(name, to(carrier)) for name, carrier in zip(("Acme", "Backup"), carriers, strict=True)]
    scene.route("9", *groups)
    scene.apply()
    return carriers


def reason(text: str) -> tuple[tuple[str, str], ...]:
    return (("reason", text),)


def assert_fails_over(scene: Scene, *behaviours: Behaviour) -> None:
    """Call once for each behaviour of the first carrier: the second has the call each time."""
    first, second = two_carriers(scene, behaviours[0])
    for count, behaviour in enumerate(behaviours, start=1):
        first.behaviour = behaviour
        call = scene.dial(NUMBER)
        assert call.code == 200
        assert [len(first.wait_for("ACK", count)), len(second.invites), len(call.finals)] == [count, count, 1]


def assert_goes_back(scene: Scene, answers: dict[int, Behaviour]) -> None:
    """Call once for each answer of the first carrier: the caller has it each time, and the second carrier nothing."""
    first, second = two_carriers(scene, answer(500))
    for count, (code, behaviour) in enumerate(answers.items(), start=1):
        first.behaviour = behaviour
        call = scene.dial(NUMBER)
        assert call.code == code
        first.wait_for("ACK", count)
        settled(0.1)
        assert [second.received, len(call.finals)] == [[], 1]


def test_what_is_about_the_carrier_or_our_account(scene: Scene) -> None:
    assert_fails_over(scene, *map(answer, (402, 403, 408, 429, 500, 501, 502, 503, 504, 505, 513, 580)))


@pytest.mark.parametrize(
    "codes",
    [
        (400, 405, 406, 413, 415, 416, 420, 421, 488, 493, 494),
        (404, 410, 480, 484, 485, 486),
        (481, 482, 483, 487, 491),
        (600, 603, 604, 606, 607),
    ],
    ids=["the request", "the called party", "the transaction", "everywhere"],
)
def test_what_is_about_the_called_party_or_the_call_itself(scene: Scene, codes: tuple[int, ...]) -> None:
    assert_goes_back(scene, {code: answer(code, 100) for code in codes})


@pytest.mark.parametrize("cause", [2, 3, 34, 38, 41, 42, 44, 47, 58])
def test_a_cause_of_the_network(scene: Scene, cause: int) -> None:
    assert_fails_over(scene, *(refuse(code, *reason(f"Q.850;cause={cause}")) for code in (404, 480)))
    assert f"says cause {cause}," in scene.report()


@pytest.mark.parametrize("cause", [1, 16, 17, 18, 19, 20, 21, 22, 27, 28, 31, 127, 134, 340])
def test_a_cause_of_the_called_party(scene: Scene, cause: int) -> None:
    assert_goes_back(scene, {code: refuse(code, *reason(f"Q.850;cause={cause}")) for code in (404, 480, 484)})


def test_a_cause_of_the_network_beside_other_codes(scene: Scene) -> None:
    assert_fails_over(scene, *(refuse(code, *reason("Q.850;cause=34")) for code in (400, 410, 484, 487, 488)))


def test_a_cause_does_not_change_what_a_code_says(scene: Scene) -> None:
    """A busy telephone stays busy, and a loop that failed over would grow with each turn."""
    codes = (482, 483, 486, 600, 603, 604, 606)
    assert_goes_back(scene, {code: refuse(code, *reason("Q.850;cause=34")) for code in codes})


@pytest.mark.parametrize(
    "headers",
    [
        reason('Q.850;cause=34;text="No circuit/channel available"'),
        reason('Q.850;text="no; cause=17, really";cause=34'),
        reason('Q.850;text="a \\"quoted\\" word";cause=34'),
        reason("q.850 ; Cause = 34"),
        reason("Q.850\r\n ;cause=34\r\n\t;text=x"),
        reason('SIP;cause=480;text="Q.850;cause=16", Q.850;cause=41'),
        reason("SIP;cause=480") + reason("Q.850;cause=42"),
        reason("Q.850;cause=38") + reason("SIP;cause=480"),
        reason("Q.850;cause=16") + reason("Q.850;cause=47"),
        reason("Q.850;location=LN;cause=34;foo"),
    ],
    ids=[
        "text", "text with marks before", "quotes in the text", "case and spaces", "folded", "a list", "two headers",
        "two headers the other way", "two causes", "more parameters",
    ],
)  # fmt: skip
def test_how_a_cause_is_written(scene: Scene, headers: tuple[tuple[str, str], ...]) -> None:
    assert_fails_over(scene, refuse(480, *headers))


@pytest.mark.parametrize(
    "headers",
    [
        reason("SIP;cause=34"),
        reason('Q.850;cause=17;text="x;cause=34"'),
        reason('SIP;cause=480;text="see Q.850;cause=34"'),
        reason('SIP;cause=480;text="a, Q.850;cause=34"'),
        reason("Q.850;causes=34"),
        reason("Q.850;cause=34x"),
        reason("X.850;cause=34"),
        reason("Q.850"),
        reason(""),
        reason("Q.850;cause=16, SIP;cause=34"),
        reason("Q.850;cause=" + "9" * 900),
        reason(',;;=,"' + "(" * 500),
    ],
    ids=[
        "SIP", "a text", "a text of SIP", "a text with a comma", "another parameter", "a word", "another protocol",
        "no cause", "empty", "the cause of SIP", "endless", "garbage",
    ],
)  # fmt: skip
def test_what_is_no_cause_of_the_network(scene: Scene, headers: tuple[tuple[str, str], ...]) -> None:
    assert_goes_back(scene, {480: refuse(480, *headers)})


@pytest.mark.parametrize("code", [402, 403, 408, 429, 500, 503])
def test_when_every_carrier_refuses_the_caller_is_told_503(scene: Scene, code: int) -> None:
    """A 403 would say that the PBX is forbidden to call, and a 402 that it has to pay."""
    first, second = two_carriers(scene, answer(code))
    second.behaviour = answer(code)
    call = scene.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 No endpoint took the call"
    assert [len(first.invites), len(second.invites)] == [1, 1]


def test_the_last_carriers_word_on_the_called_party_counts(scene: Scene) -> None:
    first, second = two_carriers(scene, answer(403))
    second.behaviour = answer(486)
    assert scene.dial(NUMBER).code == 486
    assert len(first.invites) == 1


def test_every_attempt_of_a_call_may_end_in_another_code(scene: Scene) -> None:
    """29 attempts are made, whatever the endpoints answer."""
    codes = [402, 403, 408, 429, 500, 503]
    carriers = [scene.carrier(answer(codes[rank % len(codes)])) for rank in range(30)]
    first = scene.group("Acme", *(to(carrier) for carrier in carriers[:15]))
    second = scene.group("Backup", *(to(carrier) for carrier in carriers[15:]))
    scene.route("9", first, second)
    scene.apply()
    assert scene.dial(NUMBER).wait().start == "SIP/2.0 503 No endpoint took the call"
    assert [len(carrier.invites) for carrier in carriers] == [1] * 29 + [0]


def test_addresses_of_the_carrier_stay_here(scene: Scene) -> None:
    """485 names other addresses for the number, which only the carrier's customers may call."""
    two_carriers(scene, refuse(485, ("contact", "<sip:1@127.30.8.99>")))
    call = scene.dial(NUMBER)
    assert call.code == 485
    assert not call.wait().has("contact")
