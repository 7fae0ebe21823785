"""Calls to carriers that have names, with a name server of the test's own.

``test_names.py`` runs this file in namespaces in which 127.0.0.53 answers for all names, and port 5060 is free.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from carriers.models import AuthCredential, Endpoint
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, answer, stay_silent
from tests.e2e.sip.name_server import TTL, NameServer

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NUMBER = "914443332222"
NAME_SERVER = "127.0.0.53"
ACCOUNT = Account("1000", "secret of one", "carrier.example")


@pytest.fixture(scope="session")
def edge(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start a Kamailio that has an IPv6 address, too."""
    with running_node(tmp_path_factory.mktemp("edge"), sip_ipv6_address="::1") as process:
        yield process


def named(scene: Scene, name: str, **values: object) -> UserAgent:
    """Let calls that begin with 9 go to a name, and then to a backup group, whose carrier is returned."""
    backup = scene.carrier()
    group = scene.group("Acme", {"host": name, "port": None, **values})
    scene.route("9", group, scene.group("Backup", to(backup)))
    scene.apply()
    return backup


def srv(*targets: tuple[int, int, UserAgent]) -> list[str]:
    """Return SRV records: priority, weight and user agent."""
    return [f"{priority} {weight} {agent.port} {host_of(agent)}" for priority, weight, agent in targets]


def host_of(agent: UserAgent) -> str:
    return f"h{agent.address.rpartition('.')[2]}.example."


def know(names: NameServer, *agents: UserAgent) -> None:
    names.records |= {(host_of(agent), "A"): [agent.address] for agent in agents}


def counts(*agents: UserAgent) -> list[int]:
    return [len(agent.invites) for agent in agents]


def test_the_name_stays_in_the_request(scene: Scene, names: NameServer) -> None:
    carrier = scene.carrier()
    know(names, carrier)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 0, carrier))
    named(scene, "acme.example", strip=1)
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert carrier.uris == [f"sip:{NUMBER[1:]}@acme.example"]
    carrier.wait_for("ACK")
    assert call.bye() == 200
    carrier.wait_for("BYE")


def test_priorities(scene: Scene, names: NameServer) -> None:
    """The first target by its priority, then the next when it answers 503, and never the worse one before."""
    first, second = scene.carrier(answer(503)), scene.carrier()
    know(names, first, second)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((20, 0, second), (10, 0, first))
    backup = named(scene, "acme.example")
    for count in (1, 2):
        assert scene.dial(NUMBER).code == 200
        assert counts(first, second, backup) == [count, count, 0]


def test_weights(scene: Scene, names: NameServer) -> None:
    heavy, light = scene.carrier(), scene.carrier()
    know(names, heavy, light)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 70, heavy), (10, 30, light))
    named(scene, "acme.example")
    for _ in range(200):
        assert scene.dial(NUMBER).code == 200
    assert 120 <= len(heavy.invites) <= 160
    assert len(heavy.invites) + len(light.invites) == 200


def test_a_silent_target_is_remembered(scene: Scene, names: NameServer) -> None:
    """Only the first call waits for it."""
    silent, second = scene.carrier(stay_silent), scene.carrier()
    know(names, silent, second)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 0, silent), (20, 0, second))
    backup = named(scene, "acme.example")
    for count in (1, 2, 3):
        call = scene.dial(NUMBER)
        assert call.code == 200
        assert counts(second, backup) == [count, 0]
        second.wait_for("ACK", count)
        assert call.bye() == 200
        second.wait_for("BYE", count)
    assert len({invite.message.call_id for invite in silent.invites}) == 1


def test_a_silent_address_without_a_name_is_tried_each_time(scene: Scene, names: NameServer) -> None:
    """Nothing else leads to that carrier, so it must be tried when it is back."""
    silent, second = scene.carrier(stay_silent), scene.carrier()
    scene.route("9", scene.group("Acme", to(silent), to(second)))
    scene.apply()
    for count in (1, 2):
        assert scene.dial(NUMBER).code == 200
        assert len({invite.message.call_id for invite in silent.invites}) == count


@pytest.mark.parametrize("behaviour", [answer(503), stay_silent], ids=["503", "silent"])
def test_two_addresses(scene: Scene, names: NameServer, behaviour: Behaviour) -> None:
    """Without SRV records all addresses of the name are tried, at the port of SIP."""
    first, second = (scene.carrier(address=f"127.30.8.{host}", port=5060) for host in (201, 202))
    names.records["acme.example.", "A"] = [first.address, second.address]
    backup = named(scene, "acme.example")
    assert scene.dial(NUMBER).code == 200
    before, after = (first, second) if first.invites else (second, first)
    before.behaviour = behaviour
    assert scene.dial(NUMBER).code == 200
    assert len(after.invites) >= 1
    assert counts(backup) == [0]


def test_an_address_of_ipv6_alone(scene: Scene, names: NameServer) -> None:
    carrier = scene.carrier(address="::1", port=5060)
    names.records["six.example.", "AAAA"] = ["::1"]
    named(scene, "six.example")
    assert scene.dial(NUMBER).code == 200
    assert carrier.uris == [f"sip:{NUMBER}@six.example"]


def test_the_transport_that_dns_prefers(scene: Scene, names: NameServer) -> None:
    """NAPTR records name TCP first."""
    carrier = scene.carrier()
    know(names, carrier)
    names.records["acme.example.", "NAPTR"] = [
        '10 50 "s" "SIP+D2T" "" _sip._tcp.acme.example.',
        '20 50 "s" "SIP+D2U" "" _sip._udp.acme.example.',
    ]
    for service in ("_sip._tcp", "_sip._udp"):
        names.records[f"{service}.acme.example.", "SRV"] = srv((10, 0, carrier))
    named(scene, "acme.example")
    assert scene.dial(NUMBER).code == 200
    assert "SIP/2.0/TCP" in carrier.invites[0].message.get("via")


def test_changes_are_followed_while_calls_run(scene: Scene, names: NameServer) -> None:
    old, new = scene.carrier(), scene.carrier()
    know(names, old, new)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 0, old))
    named(scene, "acme.example")
    call = scene.dial(NUMBER)
    assert call.code == 200
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 0, new))
    deadline = time.monotonic() + 20 * TTL
    while not new.invites and time.monotonic() < deadline:
        assert scene.dial(NUMBER).code == 200
    assert new.invites, "the name still leads to the old carrier"
    assert call.bye() == 200
    assert old.wait_for("BYE"), "the running call stays where it is"


def test_names_that_lead_nowhere(scene: Scene, names: NameServer) -> None:
    """An unknown name and a name server without an answer cost no call: the next group has it."""
    names.silent = {"acme.example.", "_sip._udp.acme.example.", "_sip._tcp.acme.example."}
    backup = named(scene, "acme.example")
    assert scene.dial(NUMBER).code == 200
    Endpoint.objects.filter(host="acme.example").update(host="unknown.example")
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert counts(backup) == [2]


def test_a_registrar_with_a_name(scene: Scene, names: NameServer) -> None:
    """Its SRV records lead to the port, and the REGISTER names the domain."""
    registrar = scene.registrar(ACCOUNT)
    know(names, registrar)
    names.records["_sip._udp.reg.example.", "SRV"] = srv((10, 0, registrar))
    group = scene.group("Acme")
    scene.credential(group, ACCOUNT, registrar)
    AuthCredential.objects.update(registrar="reg.example", port=None)
    scene.apply()
    registered = registrar.wait_for("REGISTER", 2)[-1]
    assert registered.uri == "sip:reg.example"


def test_a_challenge_of_the_second_target(scene: Scene, names: NameServer) -> None:
    """The first is silent, the second asks for the password: the same endpoint's credential answers."""
    silent, second = scene.carrier(stay_silent), scene.carrier(Challenge(ACCOUNT))
    know(names, silent, second)
    names.records["_sip._udp.acme.example.", "SRV"] = srv((10, 0, silent), (20, 0, second))
    backup = named(scene, "acme.example")
    group = Endpoint.objects.get(host="acme.example").group
    scene.credential(group, ACCOUNT, second, register=False)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert counts(backup) == [0]
    second.wait_for("ACK", 2)
