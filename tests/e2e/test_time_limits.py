"""How long a call waits for an endpoint: for the first reply, for ringing, for an answer, and for the whole set-up.

The limits are those of ``attempts.cfg``, shortened here, but for the tests that say ``scene``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, Incoming, answer, ring, say, stay_silent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"
LIMITS = ("NO_REPLY_MS=1000", "PROGRESS_MS=2000", "RING_MS=3000", "SETUP_MS=6000")
ACCOUNT = Account("1000", "secret of one", "carrier.example")

trying = say((0, 100))


@pytest.fixture(scope="module")
def hasty_edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    with running_node(tmp_path_factory.mktemp("hasty"), defines=LIMITS, sip_ipv6_address="::1") as process:
        yield process


@pytest.fixture
def hasty(hasty_edge: NodeProcess, transactional_db: None) -> Iterator[Scene]:
    scene = Scene(hasty_edge)
    yield scene
    scene.close()


def carriers_of(scene: Scene, *behaviours: Behaviour) -> list[UserAgent]:
    """Put carriers of one group behind the route 9, in this order."""
    carriers = [scene.carrier(behaviour) for behaviour in behaviours]
    scene.route("9", scene.group("Acme", *(to(carrier) for carrier in carriers)))
    scene.apply()
    return carriers


def test_trying_and_then_silence(scene: Scene) -> None:
    """The limits as they are shipped: 6 s, and the next endpoint has the call."""
    first, second = carriers_of(scene, trying, answer(200, 180))
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert f"@{first.host_port} said Trying and then nothing for 6 s" in scene.report()
    assert "rang" not in scene.report()
    first.wait_for("CANCEL")
    first.wait_for("ACK")
    second.wait_for("ACK")
    assert len(call.finals) == 1


def test_silence_is_told_from_trying(hasty: Scene) -> None:
    first, second, third = carriers_of(hasty, stay_silent, trying, answer(200))
    call = hasty.dial(NUMBER)
    assert call.code == 200
    report = hasty.report()
    assert f"@{first.host_port} did not answer for 1 s" in report
    assert f"@{second.host_port} said Trying and then nothing for 2 s" in report
    assert report.index(first.host_port) < report.index(second.host_port) < report.index(third.host_port)
    assert [first.requests("CANCEL"), len(second.wait_for("CANCEL")), len(third.invites)] == [[], 1, 1]


@pytest.mark.parametrize("early", [180, 181, 182, 183])
def test_ringing_that_comes_in_time_is_not_disturbed(hasty: Scene, early: int) -> None:
    """The answer comes later than both the silence and the progress of an endpoint may last."""
    _, second = carriers_of(hasty, say((0, 100), (1, early), (3.5, 200)), answer(200))
    call = hasty.dial(NUMBER)
    assert call.code == 200
    assert early in call.provisionals
    assert second.received == []


def test_each_18x_begins_the_ringing_anew(hasty: Scene) -> None:
    _, second = carriers_of(hasty, say((0, 180), (2, 183), (4, 180), (6, 180), (8, 200)), answer(200))
    call = hasty.dial(NUMBER)
    assert call.code == 200
    assert call.provisionals.count(180) == 3
    assert second.received == []
    assert call.bye() == 200


def test_a_reliable_183(hasty: Scene) -> None:
    """Its PRACK passes, and the ringing lasts longer than the progress of an endpoint may."""

    def behave(incoming: Incoming) -> None:
        incoming.reply(183, ("require", "100rel"), ("rseq", "1"))
        incoming.reply(200, after=2.6)

    first, second = carriers_of(hasty, behave, answer(200))
    call = hasty.dial(NUMBER, headers=(("supported", "100rel"),))
    call.wait_for_provisional(183)
    assert call.ask("PRACK").code == 200
    assert call.code == 200
    assert [len(first.requests("PRACK")), second.received] == [1, []]


@pytest.mark.parametrize("early", [180, 183])
def test_ringing_without_an_answer_ends_the_call(hasty: Scene, early: int) -> None:
    """Nobody is there: the next endpoint would ring the same telephone again."""
    first, second = carriers_of(hasty, say((0, 100), (0.2, early)), answer(200))
    call = hasty.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 480 Nobody took the call"
    assert f"@{first.host_port} rang for 3 s, and nobody took the call" in hasty.report()
    first.wait_for("CANCEL")
    settled()
    assert second.received == []


def test_repeated_trying_is_no_ringing(hasty: Scene) -> None:
    first, second = carriers_of(hasty, say((0, 100), (1, 100), (1.8, 100), (2.5, 100), (5, 180)), answer(200))
    assert hasty.dial(NUMBER).code == 200
    assert f"@{first.host_port} said Trying and then nothing for 2 s" in hasty.report()
    assert len(second.invites) == 1


def test_the_set_up_is_limited_whatever_is_tried(hasty: Scene) -> None:
    carriers = carriers_of(hasty, *[trying] * 5)
    call = hasty.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 Call set-up took longer than 6 s"
    assert len(call.finals) == 1
    tried = [carrier for carrier in carriers if carrier.invites]
    assert 2 <= len(tried) <= 3
    for carrier in tried:
        carrier.wait_for("CANCEL")
    settled()
    assert [carrier for carrier in carriers if carrier.invites] == tried
    assert "given up: Call set-up took longer than 6 s" in hasty.report()
    assert "rang" not in hasty.report()


def test_the_set_up_ends_within_an_attempt(hasty: Scene) -> None:
    """Refusals that come late leave the last endpoint less than its own limit."""
    slow = say((0, 100), (1.5, 503))
    *_, last, never = carriers_of(hasty, slow, slow, slow, trying, trying)
    call = hasty.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 Call set-up took longer than 6 s"
    last.wait_for("CANCEL")
    assert f"@{last.host_port} did not ring before the call set-up took too long" in hasty.report()
    settled()
    assert never.received == []


def test_the_set_up_is_over_when_it_rings(hasty: Scene) -> None:
    """Ringing may last beyond the limit of the set-up."""
    *_, third = carriers_of(hasty, trying, say((0, 100), (1.5, 180), (4, 180), (6.5, 200)), answer(200))
    call = hasty.dial(NUMBER)
    assert call.code == 200
    assert call.seconds > 8
    assert third.received == []


def test_the_set_up_begins_anew_after_ringing_that_failed(hasty: Scene) -> None:
    rings, answers = say((0, 180), (2.5, 180), (5, 180), (6.5, 503)), say((0, 100), (1.5, 180), (2, 200))
    _, second = carriers_of(hasty, rings, answers)
    call = hasty.dial(NUMBER)
    assert call.code == 200
    assert len(second.invites) == 1


def test_the_retry_with_a_credential_has_its_own_limits(hasty: Scene) -> None:
    """Its silence is told after 1 s, its Trying after 2 s, as if there had been no challenge; and it may ring."""
    silent, slow = Challenge(ACCOUNT, then=stay_silent), Challenge(ACCOUNT, then=trying)
    ringing = Challenge(ACCOUNT, then=say((0, 100), (1.5, 180), (4, 200)))
    carriers = [hasty.carrier(behaviour) for behaviour in (silent, slow, ringing)]
    group = hasty.group("Acme", *(to(carrier) for carrier in carriers))
    hasty.credential(group, ACCOUNT, carriers[0], register=False)
    hasty.route("9", group)
    hasty.apply()
    call = hasty.dial(NUMBER)
    assert call.code == 200
    report = hasty.report()
    assert f"@{carriers[0].host_port} did not answer for 1 s" in report
    assert f"@{carriers[1].host_port} said Trying and then nothing for 2 s" in report
    assert [len(carrier.invites) for carrier in carriers] == [2, 2, 2]
    assert carriers[1].wait_for("CANCEL")[0].message.cseq == (2, "CANCEL")


@pytest.mark.parametrize("address", ["", "::1"], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_transport_and_family(hasty: Scene, transport: str, address: str) -> None:
    silent, slow = hasty.carrier(stay_silent, address), hasty.carrier(trying, address)
    last = hasty.carrier(say((0, 100), (0.5, 180), (1, 200)), address)
    hasty.route("9", hasty.group("Acme", *(to(carrier, transport=transport) for carrier in (silent, slow, last))))
    hasty.apply()
    call = hasty.dial(NUMBER)
    assert call.code == 200
    report = hasty.report()
    assert f"@{silent.host_port}{';transport=tcp' if transport == 'tcp' else ''} did not answer for 1 s" in report
    assert "said Trying and then nothing for 2 s" in report
    slow.wait_for("CANCEL")
    assert call.bye() == 200


@pytest.mark.parametrize(
    ("behaviours", "reason"),
    [
        ([stay_silent], "No endpoint answered"),
        ([trying], "No endpoint rang"),
        ([answer(503), stay_silent], "No endpoint took the call"),
        ([stay_silent, stay_silent], "No endpoint answered"),
        ([trying, stay_silent], "No endpoint took the call"),
    ],
    ids=["silence", "trying", "503 and silence", "silence twice", "trying and silence"],
)
def test_the_caller_is_told_what_all_attempts_have_in_common(
    hasty: Scene, behaviours: list[Behaviour], reason: str
) -> None:
    carriers_of(hasty, *behaviours)
    call = hasty.dial(NUMBER)
    assert call.wait().start == f"SIP/2.0 503 {reason}"
    assert f"{NUMBER} given up: {reason}" in hasty.report()


@pytest.mark.parametrize(
    ("behaviour", "cancelled"), [(stay_silent, 0), (trying, 1), (ring, 1)], ids=["silence", "trying", "ringing"]
)
def test_cancel_in_each_phase(hasty: Scene, behaviour: Behaviour, cancelled: int) -> None:
    first, second = carriers_of(hasty, behaviour, answer(200))
    call = hasty.dial(NUMBER)
    first.wait_for("INVITE")
    settled(0.2)
    assert call.cancel() == 200
    assert call.code == 487
    settled(2.5)
    assert [len(first.requests("CANCEL")), second.received] == [cancelled, []]


def test_cancel_after_an_attempt_that_was_given_up(hasty: Scene) -> None:
    _, second, third = carriers_of(hasty, trying, trying, answer(200))
    call = hasty.dial(NUMBER)
    second.wait_for("INVITE")
    settled(0.2)
    assert call.cancel() == 200
    assert call.code == 487
    second.wait_for("CANCEL")
    settled(2.5)
    assert third.received == []


def test_ringing_of_an_endpoint_that_was_given_up_prolongs_nothing(hasty: Scene) -> None:
    """It is cancelled as soon as it says something, and the attempt under way keeps its own limits."""
    first, second, _ = carriers_of(hasty, say((2.2, 180)), trying, answer(200))
    call = hasty.dial(NUMBER)
    assert call.code == 200
    first.wait_for("CANCEL")
    assert f"@{second.host_port} said Trying and then nothing for 2 s" in hasty.report()
    assert 180 not in call.provisionals


@pytest.mark.parametrize(
    ("behaviour", "code", "sentence"),
    [
        (stay_silent, "503 PBX does not answer", "did not answer for 1 s"),
        (trying, "503 PBX does not answer", "did not ring before the call set-up took too long"),
        (say((0, 180)), "480 Nobody took the call", "rang for 3 s, and nobody took the call"),
    ],
    ids=["silence", "trying", "ringing"],
)
def test_a_pbx_that_does_not_take_the_call(hasty: Scene, behaviour: Behaviour, code: str, sentence: str) -> None:
    carrier = hasty.carrier()
    hasty.group("Acme", to(carrier))
    hasty.apply()
    hasty.pbx.behaviour = behaviour
    call = carrier.call("14443332222", hasty.proxy)
    assert call.wait().start == f"SIP/2.0 {code}"
    assert f"@{hasty.pbx.host_port} {sentence}" in hasty.report()


def test_a_pbx_that_asks_somebody_else_before_it_rings(hasty: Scene) -> None:
    """There is no other endpoint to try, so it has more time than a carrier's."""
    carrier = hasty.carrier()
    hasty.group("Acme", to(carrier))
    hasty.apply()
    hasty.pbx.behaviour = say((0, 100), (4, 180), (6, 200))
    assert carrier.call("14443332222", hasty.proxy).code == 200
