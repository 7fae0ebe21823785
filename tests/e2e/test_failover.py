"""When a carrier does not take a call: who is tried next, with which digits, and when it is over."""

from __future__ import annotations

import pytest

from carriers.models import SourceNetwork
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.incoming import Behaviour, answer, ring, stay_silent
from tests.e2e.sip.outgoing import of_the_hop
from tests.e2e.sip.raw import Datagrams
from tests.e2e.sip.wire import refusing_port

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NUMBER = "914443332222"
# Kamailio repeats an INVITE that nobody answers after 0.5, 1.5 and 3.5 s (RFC 3261, section 17.1.1.2): by its own
# clock, however busy the machine of the tests is, it gave up in time when it had not come to the third.
IN_TIME = 2
WAITED = "did not answer"  # Kamailio's log of an endpoint to which it gave the 2 s of silence


def two_endpoints(scene: Scene, first: Behaviour) -> tuple[UserAgent, UserAgent]:
    """Put two endpoints with different strip and prefix behind one route."""
    carriers = scene.carrier(first), scene.carrier()
    scene.route("9", scene.group("Acme", to(carriers[0], strip=1, prefix="0"), to(carriers[1], strip=2, prefix="+1")))
    scene.apply()
    return carriers


def order(*carriers: UserAgent) -> list[str]:
    """Return the R-URIs that the carriers got, in the order in which they came."""
    invites = sorted((invite for carrier in carriers for invite in carrier.invites), key=lambda invite: invite.time)
    return [invite.uri for invite in invites]


def test_silence(scene: Scene) -> None:
    first, second = two_endpoints(scene, stay_silent)
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert 1 <= first.invites[0].retransmissions <= IN_TIME
    assert order(first, second) == [f"sip:014443332222@{first.host_port}", f"sip:+14443332222@{second.host_port}"]
    assert len(second.wait_for("ACK")) == 1
    assert first.requests("ACK") == []


@pytest.mark.parametrize(
    "behaviour",
    [answer(503), answer(500), answer(408), answer(599), answer(503, 100), answer(503, 100, 183)],
    ids=["503", "500", "408", "599", "100 then 503", "183 then 503"],
)
def test_a_carrier_that_fails(scene: Scene, behaviour: Behaviour) -> None:
    first, second = two_endpoints(scene, behaviour)
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert WAITED not in scene.report()
    assert order(first, second) == [f"sip:014443332222@{first.host_port}", f"sip:+14443332222@{second.host_port}"]
    assert len(first.wait_for("ACK")) == 1
    assert len(call.finals) == 1
    assert scene.report().count(f"{NUMBER} from pbx-{scene.pbx_row.pk} to sip:") == 2


def test_tcp_is_refused(scene: Scene) -> None:
    second = scene.carrier()
    dead = {"host": "127.30.8.200", "port": refusing_port("127.30.8.200"), "transport": "tcp"}
    scene.route("9", scene.group("Acme", {**dead, "strip": 3, "prefix": "55"}, to(second, strip=2, prefix="+1")))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert "can't be reached" in scene.report()
    assert second.numbers == ["+14443332222"]


def test_udp_is_refused(scene: Scene) -> None:
    """Nobody tells a server with many peers that a datagram was refused: it is silence."""
    second = scene.carrier()
    dead = {"host": "127.30.8.200", "port": refusing_port("127.30.8.200")}
    scene.route("9", scene.group("Acme", {**dead, "strip": 3, "prefix": "55"}, to(second, strip=2, prefix="+1")))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert WAITED in scene.report()
    assert second.numbers == ["+14443332222"]


def test_a_name_that_nobody_knows(scene: Scene) -> None:
    second = scene.carrier()
    scene.route("9", scene.group("Acme", {"host": "carrier.invalid", "strip": 3}, to(second, strip=1)))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert "can't be reached" in scene.report()
    assert second.numbers == ["14443332222"]


@pytest.mark.parametrize("code", [404, 480, 486, 488, 603])
def test_what_is_said_of_the_called_party_goes_back(scene: Scene, code: int) -> None:
    first, second = two_endpoints(scene, answer(code, 180))
    call = scene.dial(NUMBER)
    assert call.code == code
    assert WAITED not in scene.report()
    first.wait_for("ACK")
    settled()
    assert second.received == []
    assert [len(call.finals), len(first.invites)] == [1, 1]


def test_cancel_during_the_first_try(scene: Scene) -> None:
    first, second = two_endpoints(scene, ring)
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert call.code == 487
    first.wait_for("CANCEL")
    first.wait_for("ACK")
    settled()
    assert second.received == []
    assert len(call.finals) == 1


def test_cancel_while_the_first_try_is_silent(scene: Scene) -> None:
    """A carrier that said nothing can't be sent a CANCEL; the call ends with its 2 s, and nobody else is tried."""
    first, second = two_endpoints(scene, stay_silent)
    call = scene.dial(NUMBER)
    first.wait_for("INVITE")
    assert call.cancel() == 200
    assert call.code == 487
    settled(max(0.3, 2.5 - call.seconds))
    assert second.received == []


def test_cancel_during_the_second_try(scene: Scene) -> None:
    first, second = two_endpoints(scene, answer(503))
    second.behaviour = ring
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert call.code == 487
    second.wait_for("CANCEL")
    settled()
    assert [len(first.invites), first.requests("CANCEL"), len(call.finals)] == [1, [], 1]


def test_a_carrier_that_rings_is_not_taken_for_a_silent_one(scene: Scene) -> None:
    first, second = two_endpoints(scene, answer(200, 180, after=2.6))
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert call.seconds > 2.5
    assert len(first.invites) == 1
    assert second.received == []


def test_the_next_group_is_tried_when_the_first_has_failed(scene: Scene) -> None:
    failing = [scene.carrier(answer(503)), scene.carrier(answer(500))]
    third, fourth = scene.carrier(answer(503)), scene.carrier()
    acme = scene.group("Acme", to(failing[0], strip=1), to(failing[1], strip=2, transport="tcp"))
    backup = scene.group("Backup", to(third, prefix="0"), to(fourth, strip=3, prefix="+44"))
    scene.route("9", acme, backup)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert order(*failing, third, fourth) == [
        f"sip:14443332222@{failing[0].host_port}",
        f"sip:4443332222@{failing[1].host_port};transport=tcp",
        f"sip:0{NUMBER}@{third.host_port}",
        f"sip:+44443332222@{fourth.host_port}",
    ]
    assert call.bye() == 200
    assert len(fourth.requests("BYE")) == 1


def test_all_fail(scene: Scene) -> None:
    carriers = [scene.carrier(answer(code)) for code in (503, 500, 408, 502)]
    first = scene.group("Acme", *(to(carrier, strip=rank) for rank, carrier in enumerate(carriers[:2])))
    second = scene.group("Backup", *(to(carrier, strip=rank) for rank, carrier in enumerate(carriers[2:], start=2)))
    scene.route("9", first, second)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.wait().start == "SIP/2.0 503 No endpoint took the call"
    assert WAITED not in scene.report()
    settled()
    assert order(*carriers) == [f"sip:{NUMBER[strip:]}@{carrier.host_port}" for strip, carrier in enumerate(carriers)]
    assert len(call.finals) == 1


def test_a_carrier_that_was_given_up_cancels_nothing_at_the_next(scene: Scene) -> None:
    """It has seen the Via of the PBX, and with it the transaction's name."""
    first, second = two_endpoints(scene, answer(503))
    second.behaviour = ring
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    with Datagrams(first.address, scene.proxy) as carrier:
        carrier.send(of_the_hop(call.invite, "CANCEL", call.invite.get("to")).encode())
        assert carrier.codes(5) == [481]
        assert f"CANCEL from {carrier.host_port} (carrier-" in scene.report()
    settled()
    assert [second.requests("CANCEL"), call.finals] == [[], []]
    assert call.cancel() == 200
    assert call.code == 487


def test_another_address_of_the_pbx_cancels(scene: Scene) -> None:
    first, _ = two_endpoints(scene, ring)
    SourceNetwork.objects.create(pbx=scene.pbx_row, network="127.30.9.2/32")
    scene.apply()
    call = scene.dial(NUMBER)
    call.wait_for_provisional(180)
    with Datagrams("127.30.9.2", scene.proxy) as other:
        other.send(of_the_hop(call.invite, "CANCEL", call.invite.get("to")).encode())
        assert call.code == 487
    assert len(first.wait_for("CANCEL")) == 1
