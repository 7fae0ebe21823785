"""IPv6: a node that listens there too carries calls to such endpoints, and admits theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from carriers.models import Endpoint
from tests.e2e.scene import Scene, scene_on_own_node, to
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, answer
from tests.e2e.sip.message import Uri

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


@pytest.fixture
def scene(transactional_db: None, tmp_path: Path) -> Iterator[Scene]:
    """Set the scene at a node with an IPv6 address; the PBX stays at its IPv4 address."""
    with scene_on_own_node(tmp_path / "edge", sip_ipv6_address="::1") as scene:
        yield scene


def test_from_ipv4_to_ipv6_and_back(scene: Scene) -> None:
    failing, carrier, over_tcp = scene.carrier(answer(503)), scene.carrier(address="::1"), scene.carrier(address="::1")
    scene.route("9", scene.group("Acme", to(failing), to(carrier, strip=1)))
    scene.route("8", scene.group("Other", to(over_tcp, strip=1, prefix="+1", transport="tcp")))
    scene.apply()
    call = scene.dial("914443332222")
    assert call.code == 200
    assert carrier.uris == [f"sip:14443332222@[::1]:{carrier.port}"]
    assert carrier.hang_up(carrier.invites[0]) == 200
    assert len(scene.pbx.requests("BYE")) == 1
    call = scene.dial("84443332222")
    assert call.code == 200
    assert over_tcp.uris == [f"sip:+14443332222@[::1]:{over_tcp.port};transport=tcp"]
    assert call.bye() == 200
    assert len(over_tcp.requests("BYE")) == 1


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registrar_with_an_ipv6_address_gets_a_contact_that_it_can_reach(scene: Scene, transport: str) -> None:
    account = Account("1000", "secret of one", "carrier.example")
    registrar = scene.registrar(account, address="::1")
    scene.credential(scene.group("Acme", to(registrar)), account, registrar, transport=transport)
    scene.apply()
    registrar.wait_until_registered("1000")
    port = scene.process.parameters.sip_port
    suffix = ";transport=tcp" if transport == "tcp" else ""
    assert {incoming.message.get("contact").partition("@")[2] for incoming in registrar.registers()} == {
        f"[::1]:{port}{suffix}>"
    }
    assert {incoming.uri for incoming in registrar.registers()} == {"sip:[::1]"}
    contact = Uri.parse(registrar.bindings["1000"].contact)
    call = registrar.call(contact.user, f"[{contact.host}]:{contact.port}", to="+14443332222@[::1]")
    assert call.code == 200
    assert scene.pbx.numbers == ["+14443332222"]


def test_an_endpoints_address_is_admitted_alone(scene: Scene) -> None:
    carrier = scene.carrier(address="::1")
    group = scene.group("Acme", to(carrier))
    scene.apply()
    proxy = f"[::1]:{scene.process.parameters.sip_port}"
    call = carrier.call("14443332222", proxy)
    assert call.code == 200
    assert scene.pbx.numbers == ["14443332222"]
    assert call.bye() == 200
    group.endpoints.update(host="::2")
    scene.apply()
    assert carrier.call("14443332222", proxy).code == 403
    assert len(scene.pbx.invites) == 1


def test_a_redirect_is_followed_to_an_address_that_is_written_otherwise(scene: Scene) -> None:
    carrier, stranger = scene.carrier(address="::1"), scene.carrier()
    carrier.behaviour = lambda incoming: (
        incoming.reply(302, ("contact", f"<sip:5@[0:0::1]:{carrier.port}>"))
        if len(carrier.invites) == 1
        else incoming.reply(200)
    )
    scene.route("9", scene.group("Acme", to(carrier)), scene.group("Other", to(stranger)))
    scene.apply()
    assert scene.dial("914443332222").code == 200
    assert carrier.numbers == ["914443332222", "5"]
    assert stranger.received == []


def test_within_a_call_ipv6_addresses_are_compared_as_such(scene: Scene) -> None:
    """An endpoint that only takes calls is admitted by the call alone; its Contact may be written at length."""
    carrier, stranger = scene.carrier(address="::1"), scene.stranger()
    carrier.contact = f"sip:gw@[0:0:0:0:0:0:0:1]:{carrier.port}"
    group = scene.group("Acme", to(carrier, strip=1, direction=Endpoint.Direction.OUTBOUND))
    account = Account("1000", "secret", "carrier.example")
    scene.credential(group, account, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial("914443332222")
    assert call.code == 200
    carrier.within_calls = within = Challenge(account)
    assert call.ask("INFO").code == 200
    assert (len(within.accepted), within.faults) == (1, [])
    assert call.ask("INFO", target=f"sip:{stranger.host_port}").code == 403
    assert call.ask("INFO", routes=[*call.dialog(call.wait()).routes, f"<sip:{stranger.host_port};lr>"]).code == 403
    assert carrier.hang_up(carrier.invites[0]) == 200
    assert len(scene.pbx.requests("BYE")) == 1
    assert stranger.received == []
