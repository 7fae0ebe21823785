"""Accounts whose SIP domain is not the server that they register at, with several servers, and several realms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carriers.models import AuthCredential, InboundRoute
from carriers.snapshots.records import read_carriers
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.registrations import registrations
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, Incoming, answer
from tests.e2e.sip.message import Uri

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"
DOMAIN = "tel.example.de"
ACCOUNT = Account("1000", "secret of one", DOMAIN)


def only_domain(incoming: Incoming) -> None:
    """Take calls that name the SIP domain in the R-URI, and refuse all others."""
    (answer(200) if Uri.parse(incoming.uri).host == DOMAIN else answer(404))(incoming)


def sentence(scene: Scene, group_pk: int) -> str:
    return registrations(read_carriers(), [scene.node])[group_pk].sentence


def test_the_domain_apart_from_the_proxy(scene: Scene) -> None:
    """The REGISTER goes to the proxy, and its R-URI, From and To name the domain."""
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme")
    scene.credential(group, ACCOUNT, registrar, domain=DOMAIN, realm="")
    scene.apply()
    last = registrar.wait_for("REGISTER", 2)[-1]
    assert last.uri == f"sip:{DOMAIN}"
    assert [f"sip:1000@{DOMAIN}" in last.message.get(name) for name in ("from", "to")] == [True, True]
    scene.wait_until(lambda: sentence(scene, group.pk).startswith("Registered by node edge"))


@pytest.mark.parametrize("username", [f"1000@{DOMAIN}", "1000"])
def test_a_username_with_its_domain(scene: Scene, username: str) -> None:
    """The account is 1000 in both cases, and its digest is computed with the name as it was given."""
    account = replace(ACCOUNT, username=username)
    registrar = scene.registrar()
    registrar.accounts["1000"] = account
    group = scene.group("Acme")
    domain = "" if "@" in username else DOMAIN
    scene.credential(group, account, registrar, realm="", domain=domain)
    scene.apply()
    last = registrar.wait_for("REGISTER", 2)[-1]
    assert f"<sip:1000@{DOMAIN}>" in last.message.get("from")
    assert f'username="{username}"' in last.message.get("authorization")


def test_calls_name_the_domain(scene: Scene) -> None:
    """They are sent to the endpoint, also the retry with the password, and requests within the call find their way."""
    carrier = scene.carrier(Challenge(ACCOUNT, then=only_domain))
    group = scene.group("Acme", to(carrier, strip=1))
    scene.credential(group, ACCOUNT, carrier, register=False, domain=DOMAIN, realm="", calls_to_domain=True)
    scene.route("9", group)
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert carrier.uris == [f"sip:{NUMBER[1:]}@{DOMAIN}"] * 2
    carrier.wait_for("ACK", 2)
    assert call.bye() == 200
    carrier.wait_for("BYE")
    tested = route_test(NUMBER, nodes=[scene.node])
    assert not tested.differs
    assert tested.columns[0].attempts[0].r_uri == f"sip:{NUMBER[1:]}@{DOMAIN}"


def test_an_account_without_a_registration_server(scene: Scene) -> None:
    """It only answers challenges of calls."""
    carrier = scene.carrier(Challenge(ACCOUNT))
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    AuthCredential.objects.update(registrar="", port=5060)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert carrier.requests("REGISTER") == []
    probe = check_credential(read_carriers(), group.pk, [scene.node])
    assert (
        probe.sentence
        == f"{carrier.address} accepts the username and password for calls: a call to nobody gets 200 OK."
    )
    assert sentence(scene, group.pk) == "Answers challenges of our calls, and does not register."


def test_several_registration_servers(scene: Scene) -> None:
    """The account is registered at both, and ends both registrations when its group is disabled."""
    first, second = scene.registrar(ACCOUNT), scene.registrar(ACCOUNT)
    group = scene.group("Acme")
    scene.credential(group, ACCOUNT, first, domain=DOMAIN, more_registrars=second.host_port)
    scene.apply()
    for registrar in (first, second):
        assert registrar.wait_for("REGISTER", 2)[-1].uri == f"sip:{DOMAIN}"
    scene.wait_until(lambda: f"{second.host_port} has our registration, too." in sentence(scene, group.pk))
    group.enabled = False
    group.save()
    scene.apply()
    for registrar in (first, second):
        scene.wait_until(lambda registrar=registrar: registrar.requests("REGISTER")[-1].message.get("expires") == "0")


def test_further_realms(scene: Scene) -> None:
    """Each of the carrier's hosts has a realm of its own, and the account answers all of them."""
    carriers = [scene.carrier(Challenge(replace(ACCOUNT, realm=realm), refusal=503)) for realm in ("pop1", "pop 2")]
    group = scene.group("Acme", to(carriers[0], prefix="1"), to(carriers[1], prefix="2"))
    scene.credential(group, ACCOUNT, carriers[0], register=False, more_realms="pop1, pop 2")
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    carriers[0].behaviour = answer(503)
    assert scene.dial(NUMBER).code == 200
    assert [len(carrier.invites) for carrier in carriers] == [3, 2]


def test_an_unknown_realm_is_shown(scene: Scene) -> None:
    """The carrier does not let us register, so nothing else names its realm."""
    carrier = scene.carrier(Challenge(replace(ACCOUNT, realm="odd realm")))
    group = scene.group("Acme", to(carrier))
    scene.credential(group, ACCOUNT, carrier, register=False)
    scene.route("9", group)
    scene.apply()
    assert scene.dial(NUMBER).code == 503
    assert "the carrier asks our calls for the realm “odd realm”: add it to the further realms" in sentence(
        scene, group.pk
    )
    assert registrations(read_carriers(), [scene.node])[group.pk].realm_of_calls == "odd realm"
    AuthCredential.objects.update(more_realms="odd realm")
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert "odd realm" not in sentence(scene, group.pk)


def test_the_contact_that_the_carrier_wants(scene: Scene) -> None:
    """The carrier calls the number in the Contact, and names the called one in To."""
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme", to(registrar))
    scene.credential(group, ACCOUNT, registrar, domain=DOMAIN, contact_user="+4930123")
    scene.apply()
    registrar.wait_until_registered("1000")
    assert registrar.requests("REGISTER")[-1].message.get("contact").startswith("<sip:+4930123@")
    scene.wait_until(lambda: sentence(scene, group.pk).startswith("Registered by node edge"))
    InboundRoute.objects.update(prefix="+4930")
    scene.apply()
    for called in ("+4930124", "+4930123"):
        call = registrar.call("+4930123", scene.proxy, to=f"{called}@{DOMAIN}")
        call.wait()
        assert call.code == 200
    assert scene.pbx.numbers == ["+4930124", "+4930123"]


def test_a_whole_trunk(scene: Scene) -> None:
    """RFC 6140: the Contact has no user, and the answer repeats it."""
    registrar = scene.registrar(ACCOUNT)
    group = scene.group("Acme")
    scene.credential(group, ACCOUNT, registrar, domain=DOMAIN, whole_trunk=True)
    scene.apply()
    message = registrar.wait_for("REGISTER", 2)[-1].message
    assert message.get("contact") == f"<sip:{scene.proxy};bnc>"
    assert [message.get(name) for name in ("require", "proxy-require", "supported")] == ["gin", "gin", "path"]
    scene.wait_until(lambda: sentence(scene, group.pk).startswith("Registered by node edge"))


@pytest.mark.parametrize("follows", [True, False])
def test_calls_follow_the_service_route(scene: Scene, follows: bool) -> None:
    """The registrar's answer names the proxy for calls, with a header that the proxy gets."""
    registrar, proxy, endpoint = scene.registrar(ACCOUNT), scene.carrier(), scene.carrier()
    registrar.service_route = f"<sip:{proxy.host_port};lr>"
    group = scene.group("Acme", to(endpoint))
    scene.credential(group, ACCOUNT, registrar, domain=DOMAIN, service_route=follows)
    scene.route("9", group)
    scene.apply()
    scene.wait_until(lambda: sentence(scene, group.pk).startswith("Registered by node edge"))
    call = scene.dial(NUMBER)
    assert call.code == 200
    assert [len(proxy.invites), len(endpoint.invites)] == ([1, 0] if follows else [0, 1])
    if follows:
        assert proxy.invites[0].message.get("route") == f"<sip:{proxy.host_port};lr>"
        assert proxy.uris == [f"sip:{NUMBER}@{endpoint.host_port}"]
        assert call.bye() == 200
