"""Calls of a Kamailio behind a 1:1 NAT.

``test_nat.py`` runs this file in a network of its own, where the kernel translates Kamailio's address.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

PRIVATE, PUBLIC, CARRIER, PBX = "10.0.0.2", "203.0.113.9", "198.51.100.5", "198.51.100.6"
NUMBER = "914443332222"
ACCOUNT = Account("1000", "secret of one", "carrier.example")


@pytest.fixture(scope="session")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start a Kamailio at the private address."""
    with running_node(tmp_path_factory.mktemp("edge"), sip_address=PRIVATE, sip_advertise=PUBLIC) as process:
        yield process


@pytest.fixture
def outside(scene: Scene) -> Scene:
    """Put the PBX outside, too."""
    scene.pbx.close()
    scene.pbx = scene.agents.enter_context(UserAgent(PBX))
    scene.pbx_row.host, scene.pbx_row.port = PBX, scene.pbx.port
    scene.pbx_row.save()
    scene.pbx_row.sources.update(network=f"{PBX}/32")
    return scene


def proxy(scene: Scene) -> str:
    return f"{PUBLIC}:{scene.process.parameters.sip_port}"


def assert_public(agent: UserAgent) -> None:
    """No message names the private address, except in a Call-ID, where nobody reads it (RFC 3261, section 8.1.1.4)."""
    assert agent.received
    for incoming in agent.received:
        text = incoming.message.encode().decode().replace(incoming.message.call_id, "")
        assert PRIVATE not in text


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_calls_both_ways(outside: Scene, transport: str, who: str) -> None:
    """The call is up, and ended by either side: all of it by the public address."""
    carrier = outside.carrier(address=CARRIER)
    outside.route("9", outside.group("Acme", to(carrier, transport=transport)))
    outside.apply()
    for caller, callee, number in ((outside.pbx, carrier, NUMBER), (carrier, outside.pbx, "1444")):
        call = caller.call(number, proxy(outside))
        call.wait()
        assert call.code == 200
        invite = callee.invites[-1]
        callee.wait_for("ACK", len(callee.invites))
        assert f"<sip:{PUBLIC}:" in invite.message.get("record-route")
        if who == "caller":
            assert call.bye() == 200
            callee.wait_for("BYE")
        else:
            assert callee.hang_up(invite) == 200
            caller.wait_for("BYE")
    for agent in (outside.pbx, carrier):
        assert_public(agent)


def test_registrations(outside: Scene) -> None:
    """The carrier is told the public address, and its calls arrive there."""
    registrar = outside.registrar(ACCOUNT, address=CARRIER)
    outside.credential(outside.group("Acme"), ACCOUNT, registrar)
    outside.apply()
    last = registrar.wait_for("REGISTER", 2)[-1]
    port = outside.process.parameters.sip_port
    assert f"@{PUBLIC}:{port}" in last.message.get("contact")
    assert_public(registrar)


def test_options_to_the_public_address(outside: Scene) -> None:
    carrier = outside.carrier(address=CARRIER)
    outside.route("9", outside.group("Acme", to(carrier)))
    outside.apply()
    assert carrier.options(proxy(outside), f"sip:{proxy(outside)}").code == 200
