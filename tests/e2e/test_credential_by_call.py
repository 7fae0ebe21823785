"""The test of a credential at a carrier that challenges calls only: it reaches nobody and leaves no call behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carriers.models import AuthCredential
from carriers.snapshots.records import read_carriers
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.credential_probes import ask_realm
from kamailio_bridge.questions.probes import Probe
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Behaviour, Challenge, answer, refuse, ring

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

ACCOUNT = Account("1000", "a secret that stays one", "carrier.example")


def try_account(scene: Scene, carrier: UserAgent, account: Account = ACCOUNT, **values: object) -> Probe:
    """Test an account without a registration server, by the commands that the site may give to a node."""
    group = scene.group("Acme", to(carrier, direction="inbound"), to(carrier, strip=1))
    scene.credential(group, account, carrier, register=False, **values)
    AuthCredential.objects.update(registrar="", port=5060)
    node = Node("edge", scene.process.parameters.rpc())
    return check_credential(read_carriers(), group.pk, [node])


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (refuse(404), "accepts the username and password for calls: a call to nobody gets 404 Not Found."),
        (answer(200), "accepts the username and password for calls: a call to nobody gets 200 OK."),
        (ring, "accepts the username and password, and does not end our test call within four seconds."),
    ],
)
def test_a_password_that_is_accepted(scene: Scene, after: Behaviour, sentence: str) -> None:
    """A carrier that takes the call, or rings somebody, gets its end at once."""
    carrier = scene.carrier(Challenge(ACCOUNT, then=after))
    probe = try_account(scene, carrier)
    assert (probe.ok, probe.sentence) == (True, f"{carrier.address} {sentence}")
    assert [request.uri for request in carrier.requests("INVITE")] == [f"sip:dsiprouter-test@{carrier.host_port}"] * 2
    ends = {200: "BYE", 180: "CANCEL"}
    for code, method in ends.items():
        if code in carrier.requests("INVITE")[-1].answers:
            assert carrier.wait_for(method)
    assert len(carrier.wait_for("ACK", 1)) >= 1


def test_a_password_that_is_rejected(scene: Scene) -> None:
    carrier = scene.carrier(Challenge(ACCOUNT, refusal=407))
    probe = try_account(scene, carrier, replace(ACCOUNT, password="another one"))
    assert (probe.verdict, "407 Proxy Authentication Required: it rejects" in probe.sentence) == ("rejected", True)


def test_another_realm_and_one_of_several(scene: Scene) -> None:
    carrier = scene.carrier(Challenge(ACCOUNT, then=refuse(404)))
    probe = try_account(scene, carrier, realm="old.example")
    assert (probe.verdict, probe.realm) == ("realm differs", "carrier.example")
    credential = AuthCredential.objects.get()
    credential.more_realms = "carrier.example"
    credential.full_clean()
    credential.save()
    carriers = read_carriers()
    assert check_credential(carriers, credential.group_id, [scene.node]).verdict == "accepted"
    asked = ask_realm(scene.node, carriers.groups[credential.group_id])
    assert (asked.ok, asked.realm) == (True, "carrier.example")


def test_nobody_asks_for_a_password(scene: Scene) -> None:
    probe = try_account(scene, scene.carrier(refuse(404)))
    assert (probe.verdict, "without asking for a password" in probe.sentence) == ("no challenge", True)
