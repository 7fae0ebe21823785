"""Calls over TLS: whose certificates are believed, and what Kamailio shows of itself."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from pytest_django import Settings

from carriers.models import CarrierGroup
from carriers.snapshots.records import EndpointRecord, GroupRecord
from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.questions.probes import probe_endpoint
from tests.commands import run_command
from tests.e2e.isolated import passed_in_own_network
from tests.e2e.own_network import named_tls_calls
from tests.e2e.scene import Scene, scene_on_own_node, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.tls import Authority, Relay, server_side
from tests.mariadb import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "private-ca")


@pytest.fixture
def tls_scene(tmp_path: Path, authority: Authority, transactional_db: None) -> Iterator[Scene]:
    certificate, key = authority.certify("router.example")
    with scene_on_own_node(
        tmp_path / "node",
        sip_tls_port=free_port(),
        sip_ipv6_address="::1",
        tls_certificate=str(certificate),
        tls_key=str(key),
        tls_ca=str(authority.file),
    ) as scene:
        yield scene


def in_front_of(agent: UserAgent, context: ssl.SSLContext) -> Relay:
    relay = Relay(agent.address, (agent.address, agent.port), accept=context)
    host = f"[{agent.address}]" if ":" in agent.address else agent.address
    agent.contact = f"sip:{host}:{relay.port};transport=tls"
    return relay


def over_tls(agent: UserAgent, relay: Relay, **values: Any) -> dict[str, Any]:
    return to(agent, **{"port": relay.port, "transport": "tls", **values})


def test_a_call_over_tls_is_held_and_ended_by_both_sides(tls_scene: Scene, authority: Authority) -> None:
    carrier = tls_scene.carrier()
    with in_front_of(carrier, server_side(authority.certify(carrier.address), authority)) as relay:
        tls_scene.route("1", tls_scene.group("Secure", over_tls(carrier, relay)))
        tls_scene.apply()
        for hang_up in ("caller", "callee"):
            call = tls_scene.dial("1555")
            assert call.wait().code == 200
            incoming = carrier.wait_for("INVITE")[-1]
            if hang_up == "caller":
                assert call.bye() == 200
            else:
                assert carrier.hang_up(incoming) == 200
        assert relay.peers
        assert set(relay.peers) == {"router.example"}


@pytest.mark.parametrize("bad", ["wrong name", "expired", "unknown authority", "no TLS"])
def test_a_carrier_that_can_not_be_believed_gets_no_call(
    tls_scene: Scene, authority: Authority, tmp_path: Path, bad: str
) -> None:
    doubtful, good = tls_scene.carrier(), tls_scene.carrier()
    (tmp_path / "other").mkdir()
    certificate = {
        "wrong name": lambda: authority.certify("other.example"),
        "expired": lambda: authority.certify(doubtful.address, days=-1),
        "unknown authority": lambda: Authority(tmp_path / "other", "unknown-ca").certify(doubtful.address),
        "no TLS": lambda: None,
    }[bad]()
    relay = (
        Relay(doubtful.address, (doubtful.address, doubtful.port))
        if certificate is None
        else in_front_of(doubtful, server_side(certificate))
    )
    with relay, in_front_of(good, server_side(authority.certify(good.address))) as trusted:
        group = tls_scene.group("Secure", over_tls(doubtful, relay), over_tls(good, trusted))
        tls_scene.route("1", group)
        tls_scene.apply()
        call = tls_scene.dial("1555")
        assert call.wait().code == 200
        assert len(good.invites) == 1
        assert call.bye() == 200
    if bad == "wrong name":
        assert "its certificate names other.example" in tls_scene.report()
    else:
        assert doubtful.invites == []


def test_a_carrier_by_ipv6_takes_calls_over_tls(tls_scene: Scene, authority: Authority) -> None:
    carrier = tls_scene.carrier(address="::1")
    with in_front_of(carrier, server_side(authority.certify("::1"))) as relay:
        tls_scene.route("1", tls_scene.group("Secure", over_tls(carrier, relay)))
        tls_scene.apply()
        for hang_up in (lambda call: call.bye(), lambda _: carrier.hang_up(carrier.invites[-1])):
            call = tls_scene.dial("1555")
            assert call.wait().code == 200
            assert hang_up(call) == 200


def test_an_account_registers_over_tls(tls_scene: Scene, authority: Authority) -> None:
    account = Account("1000", "secret-1000", "tls.example")
    registrar = tls_scene.registrar(account)
    with in_front_of(registrar, server_side(authority.certify(registrar.address))) as relay:
        group = tls_scene.group("Secure", over_tls(registrar, relay))
        tls_scene.credential(group, account, registrar, register=True, transport="tls")
        group.credential.port = relay.port
        group.credential.save()
        tls_scene.apply()
        tls_scene.wait_until(lambda: len(registrar.requests("REGISTER")) >= 2)
        contact = registrar.requests("REGISTER")[-1].message.get("contact")
        assert f":{tls_scene.process.parameters.sip_tls_port};transport=tls" in contact


def test_a_pbx_calls_over_tls_and_is_called(tls_scene: Scene, authority: Authority) -> None:
    carrier, pbx = tls_scene.carrier(), tls_scene.pbx
    parameters = tls_scene.process.parameters
    tls_scene.route("1", tls_scene.group("Plain", to(carrier)))
    with in_front_of(pbx, server_side(authority.certify(pbx.address))) as relay:
        tls_scene.pbx_row.port, tls_scene.pbx_row.transport = relay.port, "tls"
        tls_scene.pbx_row.save()
        tls_scene.apply()
        call = pbx.call("1555", f"{parameters.sip_address}:{parameters.sip_tls_port}", transport="tls")
        assert call.wait().code == 200
        assert carrier.numbers == ["1555"]
        assert call.bye() == 200
        inbound = carrier.call("4930123", tls_scene.proxy)
        assert inbound.wait().code == 200
        assert pbx.numbers == ["4930123"]
        assert inbound.bye() == 200


def test_each_group_has_its_own_authority_and_certificate(
    tls_scene: Scene, authority: Authority, tmp_path: Path, settings: Settings
) -> None:
    """Four groups at one Kamailio, three of them with TLS of their own: calls, BYE both ways, registrations, tests."""
    (tmp_path / "theirs").mkdir()
    theirs = Authority(tmp_path / "theirs", "their-ca")
    certificate, key = theirs.certify("acct.example")
    carriers = {name: tls_scene.carrier() for name in ("plain", "renamed", "any")}
    account = Account("1000", "secret-1000", "tls.example")
    carriers["own"] = registrar = tls_scene.registrar(account)
    shown = {
        "plain": server_side(authority.certify(carriers["plain"].address), authority),
        "own": server_side(theirs.certify(registrar.address), theirs),
        "renamed": server_side(theirs.certify("sip.acme.example"), None),
        "any": server_side(Authority(tmp_path, "unknown").certify("other.example"), None),
    }
    values: dict[str, dict[str, Any]] = {
        "own": {"ca_certificates": theirs.pem, "client_certificate": certificate.read_text()},
        "renamed": {"ca_certificates": theirs.pem, "certificate_names": "other.example, sip.acme.example"},
        "any": {"verify_certificate": False},
    }
    with ExitStack() as stack:
        relays = {name: stack.enter_context(in_front_of(carriers[name], shown[name])) for name in carriers}
        # Registrations and requests within calls have connections of their own.
        registering, within = [stack.enter_context(in_front_of(registrar, shown["own"])) for _ in range(2)]
        groups = {}
        for prefix, name in enumerate(carriers, start=1):
            groups[name] = tls_scene.group(name, over_tls(carriers[name], relays[name]))
            tls_scene.route(str(prefix), groups[name])
        tls_scene.apply()
        assert tls_scene.dial("4555").wait().code == 503
        node, (endpoint, group) = tls_scene.node, records_of(groups["own"])
        assert "put the carrier's CA under TLS, CA certificates" in probe_endpoint(node, group, endpoint).sentence
        without = group._replace(ca_certificates=theirs.pem)
        assert "asks for a client certificate" in probe_endpoint(node, without, endpoint).sentence

        for name, changed in values.items():
            type(groups[name]).objects.filter(pk=groups[name].pk).update(**changed)
            groups[name].refresh_from_db()
        groups["own"].set_client_key(key.read_text())
        groups["own"].save()
        credential = tls_scene.credential(groups["own"], account, registrar, register=True, transport="tls")
        type(credential).objects.update(port=registering.port)
        endpoint, group = records_of(groups["own"])
        assert "press Reload Kamailio" in probe_endpoint(node, group, endpoint).sentence
        tls_scene.apply()
        assert probe_endpoint(node, group, endpoint).ok
        tls_scene.wait_until(lambda: len(registrar.requests("REGISTER")) >= 2)
        for prefix, (name, carrier) in enumerate(carriers.items(), start=1):
            call = tls_scene.dial(f"{prefix}555")
            assert call.wait().code == 200, name
            incoming = carrier.wait_for("INVITE")[-1]
            assert (carrier.hang_up(incoming) if name == "any" else call.bye()) == 200
        for relay in (relays["own"], registering, within):
            assert set(relay.peers) == {"acct.example"}
        assert set(relays["plain"].peers) == {"router.example"}
        folder = tls_scene.process.parameters.folder / "tls_profiles"
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
        assert folder / f"group-{groups['own'].pk}.key" in folder.iterdir()

        # What is not used any more is gone.
        CarrierGroup.objects.update(ca_certificates="", client_certificate="", client_key_ciphertext="")
        tls_scene.apply()
        assert list(folder.iterdir()) == []


def records_of(group: CarrierGroup) -> tuple[EndpointRecord, GroupRecord]:
    record = read_groups([group.pk]).groups[group.pk]
    return record.endpoints[0], record


SRTP = """\
v=0
o=- 1 1 IN IP4 192.0.2.9
s=-
c=IN IP4 192.0.2.9
t=0 0
m=audio 40000 RTP/SAVP 0
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj
a=fingerprint:sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:3E:5D:49:6B:19:E5:7C:AB:3E:5D:49:6B
a=setup:actpass
""".replace("\n", "\r\n")


@pytest.mark.wire
def test_sips_goes_over_tls_only_and_srtp_passes(tls_scene: Scene, authority: Authority) -> None:
    """A call of a sips URI passes over the endpoint without TLS; the keys of its media pass unchanged, both ways."""
    plain, secure, pbx = tls_scene.carrier(), tls_scene.carrier(), tls_scene.pbx
    parameters = tls_scene.process.parameters
    proxy = f"{parameters.sip_address}:{parameters.sip_tls_port}"
    secure.sdp = SRTP
    tls_scene.route("2", tls_scene.group("Plain", to(plain)))
    with (
        in_front_of(secure, server_side(authority.certify(secure.address))) as relay,
        in_front_of(pbx, server_side(authority.certify(pbx.address))),
    ):
        tls_scene.route("1", tls_scene.group("Both", to(plain), over_tls(secure, relay)))
        tls_scene.apply()
        for ends_it in ("caller", "callee"):
            call = pbx.call("1555", proxy, transport="tls", uri=f"sips:1555@{proxy}", body=SRTP)
            assert call.wait().code == 200
            assert call.wait().body.decode() == SRTP
            invite = secure.invites[-1]
            assert invite.uri == f"sips:1555@{secure.address}:{relay.port};transport=tls"
            assert invite.message.body.decode() == SRTP
            assert (call.bye() if ends_it == "caller" else secure.hang_up(invite)) == 200
        refused = pbx.call("2555", proxy, transport="tls", uri=f"sips:2555@{proxy}")
        assert refused.wait().start == "SIP/2.0 503 No endpoint has TLS"
        assert tls_scene.dial("1555", uri=f"sips:1555@{tls_scene.proxy}").code == 416
        assert plain.invites == []


@pytest.mark.wire
def test_calls_to_names_of_certificates(tmp_path: Path) -> None:
    """In a network of its own, because the name server has its usual port there."""
    assert passed_in_own_network(named_tls_calls, resolver=tmp_path / "resolv.conf") == 5


@pytest.mark.wire
def test_a_certificate_is_exchanged_while_calls_come(
    tls_scene: Scene, authority: Authority, settings: Settings
) -> None:
    """Twenty calls a second, each over a connection of its own: none fails, the later ones see the new certificate."""
    parameters = tls_scene.process.parameters
    settings.DSIPROUTER_RPC_PORT, settings.DSIPROUTER_RPC_TOKEN = parameters.rpc_port, parameters.rpc_token
    tls_scene.route("1", tls_scene.group("Plain", to(tls_scene.carrier())))
    tls_scene.apply()
    proxy = f"{parameters.sip_address}:{parameters.sip_tls_port}"
    calls = []
    for number in range(80):
        if number == 40:
            for kept, new in zip(
                (parameters.tls_certificate, parameters.tls_key), authority.certify("new.example"), strict=True
            ):
                Path(new).replace(kept)
            ran = run_command("reload_certificates")
            assert (ran.status, ran.out) == (0, "node local: has read its certificates. New connections use them.\n")
        agent = tls_scene.agents.enter_context(UserAgent(tls_scene.pbx.address))
        calls.append(agent.call("1555", proxy, transport="tls"))
        time.sleep(0.05)
    assert [call.wait().code for call in calls] == [200] * 80
    assert [call.bye() for call in calls] == [200] * 80
    shown = ssl.get_server_certificate((parameters.sip_address, int(parameters.sip_tls_port)))
    assert x509.load_pem_x509_certificate(shown.encode()).subject.rfc4514_string() == "CN=new.example"


@pytest.mark.wire
def test_files_that_can_not_be_used_leave_the_former_ones(tls_scene: Scene, settings: Settings) -> None:
    parameters = tls_scene.process.parameters
    settings.DSIPROUTER_RPC_PORT, settings.DSIPROUTER_RPC_TOKEN = parameters.rpc_port, parameters.rpc_token
    before = ssl.get_server_certificate((parameters.sip_address, int(parameters.sip_tls_port)))
    Path(parameters.tls_key).write_text("no key", encoding="ascii")
    ran = run_command("reload_certificates")
    assert ran.status == 1
    assert "consult server log" in ran.out
    assert ssl.get_server_certificate((parameters.sip_address, int(parameters.sip_tls_port))) == before


@pytest.mark.wire
def test_a_node_without_tls_has_no_certificates(scene: Scene, settings: Settings) -> None:
    settings.DSIPROUTER_RPC_PORT = scene.process.parameters.rpc_port
    settings.DSIPROUTER_RPC_TOKEN = scene.process.parameters.rpc_token
    ran = run_command("reload_certificates")
    assert (ran.status, ran.out) == (0, "node local: serves no TLS, so it has no certificate.\n")
