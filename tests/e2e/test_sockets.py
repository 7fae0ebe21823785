"""Named sockets: which one a request leaves by, and what the other side sees of it. One Kamailio for all scenes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from carriers.models import CarrierGroup
from carriers.snapshots.records import read_carriers
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.credential_probes import ask_realm
from kamailio_bridge.questions.probes import probe_endpoint
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, Incoming, ring, say
from tests.e2e.sip.message import Uri
from tests.e2e.sip.tls import Authority, Relay, server_side
from tests.mariadb import free_port

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"
ACCOUNT = Account("1000", "secret of one", "carrier.example")
DEFAULT, CARRIERS, PBXS = "127.0.0.1", "127.40.0.1", "127.40.0.2"
PORT, TLS_PORT, PBX_PORT = free_port(), free_port(), free_port()
AT_CARRIERS, AT_CARRIERS_6, AT_PBXS = f"{CARRIERS}:{PORT}", f"[::1]:{PORT}", f"{PBXS}:{PBX_PORT}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "private-ca")


@pytest.fixture(scope="module")
def edge(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[NodeProcess]:
    sockets = f"carriers={AT_CARRIERS} tls {TLS_PORT}, carriers={AT_CARRIERS_6} tls {TLS_PORT}, pbxs={AT_PBXS}"
    folder, tls = tmp_path_factory.mktemp("sockets"), {"sip_tls_port": free_port(), "tls_ca": str(authority.file)}
    with running_node(folder, sip_sockets=sockets, **tls) as process:
        yield process


def by_pbx_socket(scene: Scene, **values: str) -> None:
    for name, value in {"socket": "pbxs", **values}.items():
        setattr(scene.pbx_row, name, value)
    scene.pbx_row.save()


def source(incoming: Incoming) -> str:
    """Where a request came from: over TCP only the address shows the socket."""
    host, port = incoming.link.peer[:2]
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{port}" if incoming.link.transport == "UDP" else written


def assert_from(agent: UserAgent, socket: str, transport: str = "udp") -> None:
    """Everything that the agent got came from the socket, and its Via and Record-Route say so."""
    assert agent.received
    for incoming in agent.received:
        assert source(incoming) == (socket if transport == "udp" else socket.rpartition(":")[0])
        assert incoming.message.get("via").startswith(f"SIP/2.0/{transport.upper()} {socket};")
        if incoming.message.has("record-route"):
            assert f"<sip:{socket};" in incoming.message.all("record-route")[0]


def talk(caller: UserAgent, callee: UserAgent, number: str, proxy: str, *, ends: str, transport: str = "udp") -> None:
    """Call, hold from both sides, and hang up at one of them."""
    call = caller.call(number, proxy, transport=transport)
    assert call.code == 200
    invite = callee.invites[-1]
    before = len(callee.requests("ACK"))
    callee.wait_for("ACK", max(1, before))
    assert call.reinvite() == 200
    if ends == "caller":
        assert call.bye() == 200
        callee.wait_for("BYE")
    else:
        assert callee.hang_up(invite) == 200
        caller.wait_for("BYE")


@pytest.mark.parametrize(("transport", "ends"), [("udp", "caller"), ("udp", "callee"), ("tcp", "callee")])
def test_pbx_at_one_socket_and_carrier_at_another(scene: Scene, transport: str, ends: str) -> None:
    """Each side sees its own socket only, in calls of both directions."""
    carrier = scene.carrier()
    by_pbx_socket(scene, transport=transport)
    scene.route("9", scene.group("Acme", to(carrier, transport=transport), socket="carriers"))
    scene.apply()
    talk(scene.pbx, carrier, NUMBER, AT_PBXS, ends=ends, transport=transport)
    talk(carrier, scene.pbx, "1444", AT_CARRIERS, ends=ends, transport=transport)
    assert_from(carrier, AT_CARRIERS, transport)
    assert_from(scene.pbx, AT_PBXS, transport)
    assert ["r2=on" in route for route in carrier.invites[0].message.all("record-route")] == [True, True]
    assert scene.errors() == []
    assert "WARNING" not in scene.report()


def test_both_at_one_socket_and_none_at_the_default_one(scene: Scene) -> None:
    """A group without a socket has the default one, whichever the PBX uses; an endpoint's own precedes the group's."""
    plain, own, cancelled = scene.carrier(), scene.carrier(), scene.carrier(ring)
    scene.route("9", scene.group("Plain", to(plain)))
    scene.route("8", scene.group("Own", to(own, socket="pbxs", transport="tcp"), socket="carriers"))
    scene.route("7", scene.group("Rings", to(cancelled), socket="carriers"))
    by_pbx_socket(scene, transport="tcp")
    scene.apply()
    talk(scene.pbx, plain, NUMBER, AT_PBXS, ends="callee")
    assert_from(plain, scene.proxy)
    talk(scene.pbx, own, "8444", AT_PBXS, ends="callee", transport="tcp")
    assert len(own.invites[0].message.all("record-route")) == 1
    assert_from(own, AT_PBXS, "tcp")
    call = scene.pbx.call("7444", AT_PBXS)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    cancelled.wait_for("CANCEL")
    cancelled.wait_for("ACK")
    assert_from(cancelled, AT_CARRIERS)


def test_challenges_and_late_answers(scene: Scene) -> None:
    """The retry with the credential, and the end of a call that was taken too late, have the socket of the attempt."""
    late = scene.carrier(say((2.3, 200)))
    carrier = scene.carrier(Challenge(ACCOUNT, then=say((0, 180), (0.8, 200))))
    carrier.within_calls = Challenge(ACCOUNT)
    group = scene.group("Acme", to(late, transport="tcp"), to(carrier), socket="carriers")
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.pbx.call(NUMBER, AT_PBXS)
    assert call.code == 200
    assert call.bye() == 200
    assert [len(carrier.requests(method)) for method in ("INVITE", "BYE")] == [2, 2]
    late.wait_for("BYE")
    assert [incoming.method for incoming in late.received] == ["INVITE", "ACK", "BYE"]
    assert_from(carrier, AT_CARRIERS)
    assert_from(late, AT_CARRIERS, "tcp")


def test_registrations(scene: Scene) -> None:
    """The registrar is told the socket, of the right family and transport, and calls to that Contact arrive."""
    kinds = (("", "udp"), ("", "tcp"), ("::1", "udp"))
    registrars = [scene.registrar(ACCOUNT, address=address) for address, _ in kinds]
    for registrar, (address, transport) in zip(registrars, kinds, strict=True):
        group = scene.group(f"{address}{transport}", to(registrar, transport=transport), socket="carriers")
        scene.credential(group, ACCOUNT, registrar, transport=transport)
    scene.apply()
    for registrar, (address, transport) in zip(registrars, kinds, strict=True):
        registrar.wait_until_registered("1000")
        at = AT_CARRIERS_6 if address else AT_CARRIERS
        suffix = ";transport=tcp" if transport == "tcp" else ""
        contacts = {incoming.message.get("contact").partition("@")[2] for incoming in registrar.registers()}
        assert contacts == {f"{at}{suffix}>"}
        contact = Uri.parse(registrar.bindings["1000"].contact)
        call = registrar.call(contact.user, at, transport=transport, to="+14443332222@carrier.example")
        assert call.code == 200
        assert call.reinvite() == 200
        assert scene.pbx.hang_up(scene.pbx.invites[-2]) == 200
        registrar.wait_for("BYE")
        vias = {incoming.message.get("via").split()[1].partition(";")[0] for incoming in registrar.received}
        assert vias == {at}
        if transport == "udp":
            assert_from(registrar, at)


def test_calls_over_tls(scene: Scene, authority: Authority) -> None:
    carrier = scene.carrier()
    context = server_side(authority.certify(carrier.address))
    with Relay(carrier.address, (carrier.address, carrier.port), accept=context) as relay:
        carrier.contact = f"sip:{carrier.address}:{relay.port};transport=tls"
        secure = to(carrier, port=relay.port, transport="tls")
        scene.route("9", scene.group("Secure", secure, socket="carriers"))
        scene.apply()
        call = scene.pbx.call(NUMBER, AT_PBXS)
        assert call.code == 200
        assert call.reinvite() == 200
        assert carrier.hang_up(carrier.invites[0]) == 200
        at = f"{CARRIERS}:{TLS_PORT}"
        for incoming in carrier.received:
            assert incoming.message.get("via").startswith(f"SIP/2.0/TLS {at};")
        assert f"<sip:{at};transport=tls;" in carrier.invites[0].message.all("record-route")[0]


def test_tests_leave_by_the_socket(scene: Scene) -> None:
    """By one that the node does not have they do not leave at all, and a reload is refused."""
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme", to(registrar), socket="carriers")
    scene.credential(group, ACCOUNT, registrar, register=False)
    record = read_carriers().groups[group.pk]
    node = Node("edge", scene.process.parameters.rpc(20))
    assert probe_endpoint(node, record, record.endpoints[0]).ok
    assert ask_realm(node, record).ok
    assert_from(registrar, AT_CARRIERS)
    elsewhere = record._replace(socket="elsewhere")
    for probe in (probe_endpoint(node, elsewhere, record.endpoints[0]), ask_realm(node, elsewhere)):
        assert probe.sentence.startswith("Nothing was asked: node edge has no socket “elsewhere”: add it to ")
    CarrierGroup.objects.update(socket="elsewhere")
    refused = apply(author=None, nodes=[node])
    assert refused.outcome == "refused"
    assert "carrier group “Acme”: can't be reached as it should, because node edge has no socket" in refused.sentence
