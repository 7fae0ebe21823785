"""Calls of a Kamailio behind a 1:1 NAT.

``test_nat.py`` runs this file outside of Kamailio's network, with a host in between that translates the address.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from kamailio_bridge.local.kamailio_parameters import NodeParameters, program
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.local.ports import Port
from kamailio_bridge.nodes.sockets.sip_sockets import FILE_NAME, DefaultSocket, parse_sip_sockets, sip_sockets_file
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.outgoing import Call
from tests.mariadb import free_port

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

PRIVATE, PUBLIC, CARRIER, PBX = "10.0.0.2", "203.0.113.9", "198.51.100.5", "198.51.100.6"
WAN_PORT = free_port()
NUMBER = "914443332222"
ACCOUNT = Account("1000", "secret of one", "carrier.example")


class InsideParameters(NodeParameters):
    """Kamailio in the private network."""

    def command(self) -> list[str]:
        return [program("nsenter", "util-linux"), f"--net={os.environ['NETWORK_OF_KAMAILIO']}", *super().command()]

    def ports(self) -> list[Port]:
        """Return none, because they are not of the network in which we could check them."""
        return []

    def write_files(self) -> None:
        """Write the sockets without a check that they are of this network."""
        self.folder.mkdir(parents=True, exist_ok=True)
        default = DefaultSocket(self.sip_address, self.sip_port)
        text = sip_sockets_file(parse_sip_sockets(self.sip_sockets), default)
        (self.folder / FILE_NAME).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start a Kamailio at the private address."""
    with running_node(
        tmp_path_factory.mktemp("edge"),
        InsideParameters,
        sip_address=PRIVATE,
        sip_advertise=PUBLIC,
        sip_sockets=f"wan={PRIVATE}:{WAN_PORT} advertise {PUBLIC}:{WAN_PORT}",
        rpc_address=PRIVATE,
        environment={"DSIPROUTER_RPC_SOURCES": f"{CARRIER}/32"},
    ) as process:
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


def assert_public(agent: UserAgent, *calls: Call) -> None:
    """No packet comes from the private address and no message names it.

    A Call-ID of Kamailio's own does, where nobody reads it (RFC 3261, section 8.1.1.4).
    """
    assert agent.received
    assert {incoming.source for incoming in agent.received} == {PUBLIC}
    for message in [*(incoming.message for incoming in agent.received), *(call.wait() for call in calls)]:
        assert PRIVATE not in message.encode().decode().replace(message.call_id, "")


def assert_call_id_of_others(agent: UserAgent) -> None:
    assert not [incoming for incoming in agent.received if PRIVATE in incoming.message.call_id]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_calls_both_ways(outside: Scene, transport: str, who: str) -> None:
    """The call is up, and ended by either side: all of it by the public address."""
    carrier = outside.carrier(address=CARRIER)
    outside.route("9", outside.group("Acme", to(carrier, transport=transport)))
    outside.apply()
    calls: dict[UserAgent, Call] = {}
    for caller, callee, number in ((outside.pbx, carrier, NUMBER), (carrier, outside.pbx, "1444")):
        calls[caller] = call = caller.call(number, proxy(outside))
        assert call.code == 200
        invite = callee.invites[-1]
        callee.wait_for("ACK", len(callee.invites))
        assert f"<sip:{PUBLIC}:" in invite.message.get("record-route")
        assert f" {PUBLIC}:" in invite.message.get("via")
        if who == "caller":
            assert call.bye() == 200
            callee.wait_for("BYE")
        else:
            assert callee.hang_up(invite) == 200
            caller.wait_for("BYE")
    for agent in (outside.pbx, carrier):
        assert_public(agent, calls[agent])
        assert_call_id_of_others(agent)


def test_a_named_socket(outside: Scene) -> None:
    """It has an advertised address of its own, in calls and registrations."""
    registrar = outside.registrar(ACCOUNT, address=CARRIER)
    group = outside.group("Acme", to(registrar), socket="wan")
    outside.credential(group, ACCOUNT, registrar)
    outside.route("9", group)
    outside.apply()
    at = f"{PUBLIC}:{WAN_PORT}"
    registrar.wait_until_registered(ACCOUNT.username)
    call = outside.pbx.call(NUMBER, proxy(outside))
    assert call.code == 200
    assert registrar.hang_up(registrar.invites[0]) == 200
    assert outside.pbx.wait_for("BYE")[0].message.get("via").startswith(f"SIP/2.0/UDP {proxy(outside)};")
    for incoming in registrar.received:
        assert incoming.link.peer == (PUBLIC, WAN_PORT)
        assert incoming.message.get("via").startswith(f"SIP/2.0/UDP {at};")
    assert {incoming.message.get("contact").partition("@")[2] for incoming in registrar.registers()} == {f"{at}>"}
    assert_public(registrar)
    assert_public(outside.pbx, call)


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
