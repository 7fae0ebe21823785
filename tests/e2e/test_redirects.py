"""Redirects of a carrier or a PBX: followed to its own hosts only, and never handed to the caller."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from carriers.models import SourceNetwork
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import settled
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, answer, refuse, ring

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"
ACCOUNT = Account("1000", "secret of one", "carrier.example")


def redirect(*contacts: str, code: int = 302) -> Behaviour:
    """Redirect every call; each contact is the value of a Contact header."""
    return refuse(code, *(("contact", contact) for contact in contacts))


class Redirection:
    """A carrier whose endpoint redirects, its gateway in a source network, and another carrier behind it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.endpoint, self.gateway, self.backup = scene.carrier(), scene.carrier(), scene.carrier()
        self.acme = scene.group("Acme", to(self.endpoint, strip=1))
        SourceNetwork.objects.create(group=self.acme, network=f"{self.gateway.address}/32")
        scene.route("9", self.acme, scene.group("Backup", to(self.backup, strip=2, prefix="+1")))
        scene.apply()

    def assert_followed(self, *uris: str) -> None:
        """Call, and insist that the gateway got these R-URIs and the other carrier nothing."""
        call = self.scene.dial(NUMBER)
        assert call.code == 200
        assert self.gateway.uris == list(uris)
        assert self.backup.received == []
        assert call.bye() == 200
        assert len(self.gateway.wait_for("BYE")) == 1
        assert self.scene.errors() == []

    def assert_failed_over(self) -> None:
        """Call, and insist that the gateway got nothing and the other carrier its own digits."""
        call = self.scene.dial(NUMBER)
        assert call.code == 200
        assert self.gateway.received == []
        assert self.backup.numbers == ["+14443332222"]
        assert [final.code for final in call.finals] == [200]
        assert "redirects, and no contact could be followed" in self.scene.report()


@pytest.fixture
def redirection(scene: Scene) -> Redirection:
    return Redirection(scene)


@pytest.mark.parametrize("code", [300, 301, 302, 305, 380])
def test_every_redirect_is_followed(redirection: Redirection, code: int) -> None:
    target = f"sip:15551234567@{redirection.gateway.host_port}"
    redirection.endpoint.behaviour = redirect(f"<{target}>", code=code)
    redirection.assert_followed(target)
    assert redirection.endpoint.numbers == ["14443332222"]


@pytest.mark.parametrize(
    ("contact", "uri"),
    [
        ("sip:1@HOST", "sip:1@HOST"),
        ("sip:1@HOST;q=0.5;expires=60", "sip:1@HOST"),
        ("  \t<sip:+1-555.2@HOST>", "sip:+1-555.2@HOST"),
        ('"Doe, <John>" <sip:1@HOST>;q=1.0', "sip:1@HOST"),
        ("Gateway\r\n <sip:1@HOST>", "sip:1@HOST"),
        ("<SIP:1@HOST;TRANSPORT=UDP>", "sip:1@HOST"),
        ("<sip:1@HOST;transport=tcp>", "sip:1@HOST;transport=tcp"),
        ("<sip:1@HOST;user=phone>", "sip:1@HOST;user=phone"),
        ("<sip:15551234567;rn=+15559990000;npdi@HOST>", "sip:15551234567;rn=+15559990000;npdi@HOST"),
        ("<sip:1;rn=+15559990000;npdi@HOST;user=phone>", "sip:1;rn=+15559990000;npdi@HOST;user=phone"),
        ("<sip:1;cic=+10288:password@HOST;user=phone>", "sip:1;cic=+10288@HOST;user=phone"),
        ("<sip:1@HOST;rn=+15559990000;npdi;user=phone>", "sip:1;npdi;rn=+15559990000@HOST;user=phone"),
        ("<sip:1@HOST;npdi;rn=+15559990000>;q=1,<sip:2@HOST>;q=0.5", "sip:1;npdi;rn=+15559990000@HOST"),
        ("<sip:%2315@HOST>", "sip:%2315@HOST"),
        ("<sip:HOST>", "sip:14443332222@HOST"),
        ("<sip:1@HOST;method=BYE;lr;x=y?Route=%3Csip:127.30.8.99%3E>", "sip:1@HOST"),
        ("<sip:1:password@HOST>", "sip:1@HOST"),
    ],
)
def test_how_a_contact_is_written(redirection: Redirection, contact: str, uri: str) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(contact.replace("HOST", host))
    redirection.assert_followed(uri.replace("HOST", host))


@pytest.mark.parametrize(
    "contacts",
    [
        (),
        ("",),
        ("*",),
        ("<>",),
        ("<tel:+15551234567>",),
        ("<sips:1@HOST>",),
        ("<sip:1@HOST;transport=tls>",),
        ("<sip:1@HOST;maddr=127.30.8.99>",),
        ("<sip:1@127.30.7.99>",),
        ("<sip:1@gateway.invalid>",),
        ("<sip:1@127.30.8.99:HOST>",),
        ("<sip:one two@HOST>",),
        ("<sip:@HOST>",),
        ("<sip:1@HOST",),
        ("<http://HOST/>",),
        ("," * 200,),
        ("<sip:" + "1" * 2000 + "@HOST>",),
    ],
)
def test_what_is_not_followed(redirection: Redirection, contacts: tuple[str, ...]) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(*(contact.replace("HOST", host) for contact in contacts))
    redirection.assert_failed_over()


def test_hosts_of_others_are_not_called(redirection: Redirection) -> None:
    """Not the next carrier's, not the PBX's, not our own, and nobody's."""
    scene, stranger = redirection.scene, redirection.scene.stranger()
    others = (redirection.backup.host_port, scene.pbx.host_port, scene.proxy, stranger.host_port)
    redirection.endpoint.behaviour = redirect(*(f"<sip:1@{host}>" for host in others))
    redirection.assert_failed_over()
    assert [scene.pbx.received, stranger.received] == [[], []]
    assert "which is no endpoint and no source of its own" in scene.report()


def test_the_best_of_several_contacts(redirection: Redirection) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(
        f'<sip:2@{host}>;q=0.5, "a, b" <sip:9@127.30.7.99>;q=1', f"<sip:3@{host}>;q=0.75", f"<sip:4@{host}>;q=0"
    )
    redirection.assert_followed(f"sip:3@{host}")


def test_the_second_best_when_the_best_fails(redirection: Redirection) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(f"<sip:1@{host}>;q=0.1", f"<sip:2@{host}>;q=0.9", f"<sip:3@{host}>; q=.5")
    redirection.gateway.behaviour = lambda incoming: incoming.reply(
        503 if len(redirection.gateway.invites) == 1 else 200
    )
    redirection.assert_followed(f"sip:2@{host}", f"sip:3@{host}")


def test_what_the_gateway_says_of_the_called_party_goes_back(redirection: Redirection) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(f"<sip:1@{host}>", f"<sip:2@{host}>;q=0.5")
    redirection.gateway.behaviour = answer(486)
    assert redirection.scene.dial(NUMBER).code == 486
    settled(0.1)
    assert [redirection.gateway.numbers, redirection.backup.received] == [["1"], []]


def test_the_second_best_when_the_best_redirects_elsewhere(redirection: Redirection) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(f"<sip:1@{host}>", f"<sip:2@{host}>;q=0.5")
    elsewhere = redirect("<sip:1@127.30.7.99>")
    redirection.gateway.behaviour = lambda incoming: (
        elsewhere(incoming) if len(redirection.gateway.invites) == 1 else incoming.reply(200)
    )
    redirection.assert_followed(f"sip:1@{host}", f"sip:2@{host}")


def test_two_redirects_at_most(redirection: Redirection) -> None:
    host = redirection.gateway.host_port
    redirection.endpoint.behaviour = redirect(f"<sip:1@{host}>")
    redirection.gateway.behaviour = redirect(f"<sip:2@{host}>")
    assert redirection.scene.dial(NUMBER).code == 200
    assert redirection.gateway.numbers == ["1", "2"]
    assert redirection.backup.numbers == ["+14443332222"]


def test_a_redirect_to_itself_ends(redirection: Redirection) -> None:
    redirection.endpoint.behaviour = redirect(f"<sip:1@{redirection.endpoint.host_port}>")
    assert redirection.scene.dial(NUMBER).code == 200
    assert redirection.endpoint.numbers == ["14443332222", "1", "1"]
    assert len(redirection.backup.invites) == 1


def test_the_next_endpoint_may_redirect_too(scene: Scene) -> None:
    """Each endpoint's redirects are counted for themselves, and each is followed to its own group's hosts."""
    carriers = [scene.carrier() for _ in range(2)]
    gateways = [scene.carrier(answer(503)), scene.carrier()]
    groups = []
    for name, carrier, gateway in zip(("Acme", "Backup"), carriers, gateways, strict=True):
        carrier.behaviour = redirect(f"<sip:7@{gateway.host_port}>")
        groups.append(scene.group(name, to(carrier)))
        SourceNetwork.objects.create(group=groups[-1], network=f"{gateway.address}/32")
    scene.route("9", *groups)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert [gateway.numbers for gateway in gateways] == [["7"], ["7"]]


def test_without_another_endpoint_the_caller_gets_no_contact(scene: Scene) -> None:
    carrier = scene.carrier(redirect("<sip:1@127.30.7.99>"))
    scene.route("9", scene.group("Acme", to(carrier)))
    scene.apply()
    final = scene.dial(NUMBER).wait()
    assert final.start == "SIP/2.0 503 No endpoint took the call"
    assert not final.has("contact")


def test_hosts_of_endpoints(scene: Scene) -> None:
    """Another endpoint's host counts at any port, one behind the 29 that a call looks at too."""
    first, last = scene.carrier(), scene.carrier()
    others = ({"host": f"127.30.5.{number}"} for number in range(1, 35))
    scene.route("9", scene.group("Acme", to(first), *others, {"host": last.address, "port": 9}))
    scene.apply()
    first.behaviour = redirect(f"<sip:5@{last.host_port}>")
    assert scene.dial(NUMBER).code == 200
    assert last.numbers == ["5"]


def test_names_of_endpoints(scene: Scene) -> None:
    """A name counts when an endpoint has it; it is called as every other endpoint is, and here nobody knows it."""
    first, second = scene.carrier(redirect("<sip:5@Gateway.Invalid>")), scene.carrier()
    scene.route("9", scene.group("Acme", to(first), to(second), {"host": "gateway.invalid"}))
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert "follows the redirect to sip:5@gateway.invalid" in scene.report()
    assert "sip:5@gateway.invalid can't be reached" in scene.report()
    assert second.numbers == [NUMBER]


def test_an_address_that_another_group_has_too(scene: Scene) -> None:
    """Kamailio names one owner of an address only: the other one's calls fail over instead."""
    endpoint, gateway, backup = scene.carrier(), scene.carrier(), scene.carrier()
    group = scene.group("Acme", to(endpoint))
    for owner in (group, scene.group("Other")):
        SourceNetwork.objects.create(group=owner, network=f"{gateway.address}/32")
    scene.route("9", group, scene.group("Backup", to(backup)))
    scene.apply()
    endpoint.behaviour = redirect(f"<sip:5@{gateway.host_port}>")
    assert scene.dial(NUMBER).code == 200
    assert len(gateway.invites) + len(backup.invites) == 1


def test_challenges_on_the_way(redirection: Redirection) -> None:
    """The server that redirects and the gateway may both ask for the group's credential."""
    gateway = redirection.gateway
    asked = Challenge(ACCOUNT, then=redirect(f"<sip:5@{gateway.host_port}>")), Challenge(ACCOUNT, 401)
    redirection.endpoint.behaviour, gateway.behaviour = asked
    redirection.scene.credential(redirection.acme, ACCOUNT, redirection.endpoint, register=False)
    redirection.scene.apply()
    call = redirection.scene.dial(NUMBER)
    assert call.code == 200
    assert [challenge.faults for challenge in asked] == [[], []]
    assert gateway.numbers == ["5", "5"]
    gateway.wait_for("ACK", 2)
    assert call.bye() == 200
    numbers = [incoming.message.cseq[0] for incoming in gateway.received if incoming.method != "ACK"]
    assert numbers == sorted(set(numbers))


def test_cancel_after_a_redirect(redirection: Redirection) -> None:
    redirection.endpoint.behaviour = redirect(f"<sip:5@{redirection.gateway.host_port}>")
    redirection.gateway.behaviour = ring
    call = redirection.scene.dial(NUMBER)
    call.wait_for_provisional(180)
    assert call.cancel() == 200
    assert call.code == 487
    redirection.gateway.wait_for("CANCEL")
    settled()
    assert redirection.backup.received == []


def test_redirects_count_among_the_branches_of_a_call(scene: Scene) -> None:
    """29 endpoints that redirect twice would be 87 requests; Kamailio has room for 30 in a call."""
    carriers = [scene.carrier() for _ in range(29)]
    for carrier in carriers:
        carrier.behaviour = redirect(f"<sip:5@{carrier.host_port}>")
    scene.route("9", scene.group("Acme", *(to(carrier) for carrier in carriers)))
    scene.apply()
    assert scene.dial(NUMBER).wait().start == "SIP/2.0 503 No endpoint took the call"
    assert sum(len(carrier.invites) for carrier in carriers) == 30
    assert scene.errors() == []


def test_keys_that_begin_elsewhere(transactional_db: None, tmp_path: Path, settings: Settings) -> None:
    """The tag of a source names the group, and its set has the group's key with the base on top."""
    settings.KAMAILIO_ID_BASE = 7000
    with running_node(tmp_path / "edge") as process:
        scene = Scene(process)
        redirection = Redirection(scene)
        target = f"sip:5@{redirection.gateway.host_port}"
        redirection.endpoint.behaviour = redirect(f"<{target}>")
        redirection.assert_followed(target)
        scene.close()
