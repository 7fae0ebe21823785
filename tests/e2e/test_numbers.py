"""The number that a carrier gets: by the longest prefix, stripped, prefixed, and over the endpoint's own transport."""

from __future__ import annotations

import pytest

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


def assert_whole_call(scene: Scene, carrier: UserAgent, number: str, uri: str, transport: str) -> None:
    """Call, talk and hang up; the carrier sees one call with ``uri``, and its ACK and BYE with the right CSeq."""
    call = scene.dial(number)
    assert call.code == 200
    assert carrier.uris == [uri]
    assert carrier.wait_for("ACK")[0].message.cseq == (1, "ACK")
    assert call.bye() == 200
    assert carrier.requests("BYE")[0].message.cseq == (2, "BYE")
    assert {incoming.link.transport for incoming in carrier.received} == {transport}
    assert [incoming.retransmissions for incoming in carrier.invites] == [0]
    assert len(call.finals) == 1


def test_the_documented_example(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=1)))
    scene.apply()
    assert_whole_call(scene, carrier, "914443332222", f"sip:14443332222@{carrier.host_port}", "UDP")


def test_strip_and_prefix_over_tcp(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=2, prefix="+1", transport="tcp")))
    scene.apply()
    assert_whole_call(scene, carrier, "914443332222", f"sip:+14443332222@{carrier.host_port};transport=tcp", "TCP")


def test_a_pbx_that_speaks_tcp_and_a_carrier_that_hangs_up(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier, strip=1)))
    scene.apply()
    assert scene.dial("914443332222", transport="tcp").code == 200
    assert carrier.numbers == ["14443332222"]
    assert carrier.hang_up(carrier.invites[0]) == 200
    assert scene.pbx.wait_for("BYE")[0].link.transport == "TCP"


def test_the_longest_prefix_decides_and_the_rest_takes_the_default_route(scene: Scene) -> None:
    nine, ninety_one, rest = scene.carrier(), scene.carrier(), scene.carrier()
    scene.route("9", scene.group("Nine", to(nine, strip=1)))
    scene.route("91", scene.group("Ninety-one", to(ninety_one, strip=2)))
    scene.route("", scene.group("Rest", to(rest, prefix="00")))
    scene.apply()
    dialled = ["914443332222", "924443332222", "91", "4711", "+4930", "*43#", "9"]
    codes = [scene.dial(number.replace("#", "%23")).code for number in dialled]
    # "91" and "9" are too short to be stripped by as much as the carriers of their own routes want.
    assert codes == [200, 200, 503, 200, 200, 200, 503]
    assert ninety_one.numbers == ["4443332222"]
    assert nine.numbers == ["24443332222"]
    assert rest.numbers == ["004711", "00+4930", "00*43%23"]


def test_a_number_without_a_route(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    assert scene.dial("4711").wait().start == "SIP/2.0 404 No outbound route"
    assert scene.dial("operator").code == 404
    assert carrier.received == []


def test_an_endpoint_whose_strip_is_as_long_as_the_number_is_passed_over(scene: Scene) -> None:
    strips_all, longer, fits = scene.carrier(), scene.carrier(), scene.carrier()
    scene.route("9", scene.group("Acme", to(strips_all, strip=4), to(longer, strip=30), to(fits, strip=3, prefix="7")))
    scene.apply()
    assert scene.dial("9112").code == 200
    assert [strips_all.received, longer.received, fits.numbers] == [[], [], ["72"]]
    assert scene.dial("91123").code == 200
    assert strips_all.numbers == ["3"]
