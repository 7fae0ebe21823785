"""Calls of carriers: from where they are admitted, and that they reach the PBX."""

from __future__ import annotations

import pytest

from carriers.models import PBX, Endpoint, InboundRoute, SourceNetwork
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.incoming import Behaviour, answer, stay_silent

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]


def assert_reaches_the_pbx(scene: Scene, caller: UserAgent, number: str = "14443332222") -> None:
    before = len(scene.pbx.invites)
    call = caller.call(number, scene.proxy)
    assert call.code == 200
    assert scene.pbx.uris[before:] == [f"sip:{number}@{scene.pbx.host_port}"]
    assert call.bye() == 200


def assert_is_refused(scene: Scene, caller: UserAgent) -> None:
    before = len(scene.pbx.received)
    assert caller.call("14443332222", scene.proxy).wait().start == "SIP/2.0 403 Forbidden"
    settled(0.1)
    assert len(scene.pbx.received) == before


def test_from_a_source_network_and_from_an_endpoint(scene: Scene) -> None:
    endpoint, media_server, stranger = scene.carrier(), scene.carrier(address="127.30.6.77"), scene.stranger()
    group = scene.group("Acme", to(endpoint))
    SourceNetwork.objects.create(group=group, network="127.30.6.0/24")
    scene.apply()
    assert_reaches_the_pbx(scene, endpoint)
    assert_reaches_the_pbx(scene, media_server)
    assert_is_refused(scene, stranger)


def test_from_anywhere_else_no_method_gets_an_answer_of_use(scene: Scene) -> None:
    carrier, stranger = scene.carrier(), scene.stranger()
    scene.route("", scene.group("Acme", to(carrier)))
    scene.apply()
    assert_is_refused(scene, stranger)
    target = f"sip:{scene.proxy}"
    assert [stranger.request(method, target).code for method in ("OPTIONS", "REGISTER", "MESSAGE")] == [403] * 3
    assert scene.stranger().request("BYE", target, to_tag="made-up").code == 481
    assert carrier.received == []


def test_a_removed_network_is_refused_from_the_next_reload_on(scene: Scene) -> None:
    media_server = scene.carrier(address="127.30.6.77")
    group = scene.group("Acme")
    network = SourceNetwork.objects.create(group=group, network="127.30.6.0/24")
    scene.apply()
    network.delete()
    assert_reaches_the_pbx(scene, media_server)
    scene.apply()
    assert_is_refused(scene, media_server)


def test_an_endpoint_that_only_takes_calls_may_not_call(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier, direction=Endpoint.Direction.OUTBOUND))
    scene.apply()
    assert_is_refused(scene, carrier)


def test_an_endpoint_that_only_calls_gets_no_calls(scene: Scene) -> None:
    caller, carrier = scene.carrier(), scene.carrier()
    scene.route("9", scene.group("Acme", to(caller, direction=Endpoint.Direction.INBOUND), to(carrier)))
    scene.apply()
    assert_reaches_the_pbx(scene, caller)
    assert scene.dial("91").code == 200
    assert [caller.invites, carrier.numbers] == [[], ["91"]]


def test_the_longest_inbound_prefix_decides(scene: Scene) -> None:
    carrier, other = scene.carrier(), scene.carrier(address="127.30.9.2")
    branch_office = PBX.objects.create(name="branch office", host=other.address, port=other.port, transport="tcp")
    InboundRoute.objects.create(prefix="1444", pbx=branch_office)
    scene.group("Acme", to(carrier))
    scene.apply()
    assert carrier.call("14443332222", scene.proxy).code == 200
    assert carrier.call("1445", scene.proxy).code == 200
    assert other.uris == [f"sip:14443332222@{other.host_port};transport=tcp"]
    assert scene.pbx.numbers == ["1445"]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(answer(486), 486), (answer(401), 503), (stay_silent, 503)],
    ids=["busy", "challenge", "silence"],
)
def test_what_the_pbx_says_goes_back(scene: Scene, behaviour: Behaviour, code: int) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    scene.apply()
    scene.pbx.behaviour = behaviour
    call = carrier.call("14443332222", scene.proxy)
    assert call.code == code
    assert len(call.finals) == 1
    assert len(scene.pbx.invites) == 1


def test_an_ipv4_address_written_as_ipv6_is_that_address(scene: Scene) -> None:
    """Logs of programs with both families print it so; Kamailio would never match it."""
    endpoint, media_server = scene.carrier(), scene.carrier(address="127.30.6.77")
    group = scene.group("Acme", to(endpoint) | {"host": f"::ffff:{endpoint.address}"})
    SourceNetwork.objects.create(group=group, network="::ffff:127.30.6.0/120")
    scene.route("9", group)
    scene.apply()
    assert_reaches_the_pbx(scene, endpoint)
    assert_reaches_the_pbx(scene, media_server)
    assert scene.dial("91").code == 200
    assert endpoint.numbers == ["91"]
