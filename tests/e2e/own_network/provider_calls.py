"""A call to each provider whose template we have, played by a carrier that refuses what that provider refuses.

``test_providers.py`` runs this file in namespaces in which 127.0.0.53 answers for all names, and the usual ports are
free: the templates are used as they are, with the providers' real host names.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from carriers.documents import load_document
from carriers.models import CarrierGroup, OutboundRoute, OutboundRouteGroup
from carriers.providers.provider import FOLDER, read_provider
from carriers.values.addresses import host_ip
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.e2e.nodes import running_node
from tests.e2e.own_network.provider_rules import ANSWERS, CALLER, NUMBER, PASSWORD, RULES
from tests.e2e.scene import Scene
from tests.e2e.sip.baresip import Baresip
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, Incoming, answer
from tests.e2e.sip.name_server import NameServer
from tests.e2e.sip.registrar import Registrar
from tests.e2e.sip.tls import Authority, Relay, server_side
from tests.mariadb import free_port

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

ADDRESS = "127.30.8.250"
# By address; by registration, challenges and another identity; by TCP and a domain of its own.
BY_BARESIP = ("twilio", "sipgate-trunking", "telekom-companyflex")
SDP = f"""\
v=0
o=- 1 1 IN IP4 {ADDRESS}
s=-
c=IN IP4 {ADDRESS}
t=0 0
m=audio 40000 RTP/AVP 0 8
a=sendrecv
""".replace("\n", "\r\n")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "private-ca")


@pytest.fixture(scope="session")
def edge(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[NodeProcess]:
    """Start a Kamailio that has TLS, and a certificate that it shows."""
    certificate, key = authority.certify("router.example")
    options = {"tls_certificate": str(certificate), "tls_key": str(key), "tls_ca": str(authority.file)}
    with running_node(tmp_path_factory.mktemp("edge"), sip_tls_port=free_port(), **options) as process:
        yield process


def hosts_of(group: CarrierGroup) -> set[str]:
    """Return the host names that a group calls or registers at."""
    hosts = {endpoint.host for endpoint in group.endpoints.all()}
    credential = getattr(group, "credential", None)
    if credential is not None and credential.register:
        more = (part.strip().partition(":")[0] for part in credential.more_registrars.split(","))
        hosts |= {credential.registrar, *filter(None, more)}
    return {host for host in hosts if host_ip(host) is None}


class Played(NamedTuple):
    """A provider that is played: ``faults`` are what it found wrong, ``requests`` how many INVITEs make a call."""

    carrier: Registrar
    faults: list[str]
    requests: int


@contextmanager
def played(scene: Scene, server: NameServer, authority: Authority, slug: str) -> Iterator[Played]:
    """Make the group of a template, play its provider, and wait for the registration."""
    strict, provider = RULES[slug], read_provider(FOLDER / f"{slug}.yaml")
    asked = [question for question in provider.asks if question.name in ANSWERS]
    answers = {question.name: ANSWERS[question.name] or question.default for question in asked}
    load_document({"carrier_groups": [{"name": "Acme", "template": slug, "answers": answers}]})
    group = CarrierGroup.objects.get()
    faults: list[str] = []

    def check(incoming: Incoming) -> None:
        wrong = list(strict.faults(incoming, scene.process.parameters.sip_address))
        faults.extend(wrong)
        (answer(403) if wrong else answer(200, 180))(incoming)

    credential = getattr(group, "credential", None)
    account = Account(credential.effective_auth_username, PASSWORD, strict.realm) if credential is not None else None
    behaviour = check if account is None else Challenge(account, then=check)
    carrier = scene.agents.enter_context(Registrar(ADDRESS, behaviour=behaviour, port=5060))
    if credential is not None and account is not None:
        carrier.accounts[credential.username] = account
    server.records = {(f"{host}.", "A"): [ADDRESS] for host in hosts_of(group)}
    for method in ("dns.delete_all", "dst_blocklist.delete_all"):
        scene.node.rpc.call(method)
    route = OutboundRoute.objects.create(prefix="")
    OutboundRouteGroup.objects.create(route=route, group=group, position=1)
    with ExitStack() as stack:
        for port in {endpoint.port or 5061 for endpoint in group.endpoints.all() if endpoint.transport == "tls"}:
            context = server_side(authority.certify(*sorted(hosts_of(group))), authority)
            stack.enter_context(Relay(ADDRESS, (ADDRESS, 5060), accept=context, port=port))
            carrier.contact = f"sip:{ADDRESS}:{port};transport=tls"
        scene.apply()
        if credential is not None and credential.register:
            carrier.wait_until_registered(credential.username)
            if strict.registers_at:
                assert carrier.registers()[-1].uri == f"sip:{strict.registers_at}"
        yield Played(carrier, faults, 2 if account is not None else 1)
    assert faults == []


@pytest.mark.parametrize("slug", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_strict_provider_takes_the_call(scene: Scene, server: NameServer, authority: Authority, slug: str) -> None:
    """Registration where it is asked, call up, hold, and an end by either side."""
    with played(scene, server, authority, slug) as (carrier, faults, requests):
        for ends_it in ("caller", "callee"):
            seen = len(carrier.invites)
            call = scene.dial(NUMBER, sender=f"<sip:{CALLER}@{scene.pbx.host_port}>")
            assert call.code == 200, faults
            invite = carrier.invites[-1]
            assert len(carrier.invites) == seen + requests
            carrier.wait_for("ACK", len(carrier.invites))
            assert call.ask("INVITE").code == 200, "hold"
            if ends_it == "caller":
                assert call.bye() == 200
            else:
                assert carrier.hang_up(invite) == 200
                scene.pbx.wait_for("BYE")


@pytest.mark.parametrize("slug", BY_BARESIP)
def test_baresip_is_the_pbx(scene: Scene, server: NameServer, authority: Authority, tmp_path: Path, slug: str) -> None:
    """The same with a telephone of others: its offer, its hold with sendonly, its BYE, and its answer to ours."""
    with (
        played(scene, server, authority, slug) as (carrier, _, requests),
        Baresip(tmp_path / "pbx", scene.pbx.address, CALLER) as pbx,
    ):
        carrier.sdp = SDP
        for number, ends_it in enumerate(("caller", "callee"), start=1):
            pbx.do("dial", f"sip:{NUMBER}@{scene.proxy}")
            pbx.wait_for("CALL_ESTABLISHED")
            invite = carrier.wait_for("INVITE", number * (requests + 1) - 1)[-1]
            assert b"RTP/AVP" in invite.message.body
            pbx.do("hold")
            hold = carrier.wait_for("INVITE", number * (requests + 1))[-1]
            assert b"a=sendonly" in hold.message.body
            carrier.wait_for("ACK", number * (requests + 1))
            if ends_it == "caller":
                pbx.do("hangup")
                carrier.wait_for("BYE")
            else:
                assert carrier.hang_up(invite) == 200
            pbx.wait_for("CALL_CLOSED")
