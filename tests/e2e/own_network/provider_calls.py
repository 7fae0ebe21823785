"""A call to each provider whose template we have, played by a carrier that refuses what that provider refuses.

``test_providers.py`` runs this file in namespaces in which 127.0.0.53 answers for all names, and port 5060 is free: the
templates are used as they are, with the providers' real host names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from carriers.documents import load_document
from carriers.models import CarrierGroup, OutboundRoute, OutboundRouteGroup
from carriers.providers.provider import FOLDER, read_provider
from tests.e2e.own_network.named_calls import NAME_SERVER
from tests.e2e.scene import Scene
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, Incoming, answer
from tests.e2e.sip.message import Uri
from tests.e2e.sip.name_server import NameServer
from tests.e2e.sip.registrar import Registrar

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NUMBER, CALLER = "+12125551234", "+14155550100"
TOKEN, PASSWORD = "a-token-of-the-connection", "correct horse battery"
ANSWERS = {
    "trunk": "acme", "token": TOKEN, "username": "1000", "password": PASSWORD, "tech_prefix": "12345678",
    "domain": "acme.sip-us.vonage.com", "sip_id": "1234567t0", "account": "1234567890",
    "server": "trunk.kwebbl.example",
}  # fmt: skip
REALMS = {"didww": "out.didww.com", "vonage": "acme.sip-us.vonage.com", "sipgate-trunking": "sipconnect.sipgate.de",
          "skyetel-registered": "nw1.reg.skyetel.com", "telnyx-credentials": "sip.telnyx.com",
          "dus-net": "proxy.dus.net", "whitesky": "registrar.sip.wtsky.net",
          "kwebbl": "trunk.kwebbl.example"}  # fmt: skip


def user(text: str) -> str:
    """Return the user of a header's URI."""
    return Uri.parse(text.partition("<")[2].partition(">")[0]).user


Rules = dict[str, Callable[[Incoming], dict[str, bool]]]
# What each provider insists on, by a name that a failure shows.
RULES: Rules = {
    "twilio": lambda call: {
        "domain": Uri.parse(call.uri).host == "acme.pstn.ashburn.twilio.com",
        "number": call_user(call) == NUMBER,
        "caller": user(call.message.get("from")) == CALLER,
    },
    "telnyx-credentials": lambda call: {"number": call_user(call) == NUMBER},
    "telnyx-token": lambda call: {
        "token": call.message.get("x-telnyx-token") == TOKEN,
        "number": call_user(call) == NUMBER,
    },
    "flowroute": lambda call: {
        "number": call_user(call) == f"12345678*{NUMBER[1:]}",
        "caller": user(call.message.get("p-asserted-identity")) == CALLER[1:],
    },
    "didww": lambda call: {
        "number": call_user(call) == NUMBER[1:],
        "caller": user(call.message.get("from")) == CALLER[1:],
    },
    "vonage": lambda call: {
        "number": call_user(call) == NUMBER[1:],
        "caller": user(call.message.get("from")) == CALLER[1:],
    },
    "sipgate-trunking": lambda call: {
        "number": call_user(call) == NUMBER[1:],
        "account": "<sip:1234567t0@sipconnect.sipgate.de>" in call.message.get("from"),
        "caller": f"<sip:{CALLER[1:]}@sipconnect.sipgate.de>" in call.message.get("p-preferred-identity"),
        "no asserted identity": not call.message.has("p-asserted-identity"),
    },
    "skyetel-registered": lambda call: {"number": call_user(call) == NUMBER[1:]},
    "dus-net": lambda call: {"domain": Uri.parse(call.uri).host == "proxy.dus.net"},
    "voicetel": lambda call: {"number": call_user(call) in (f"1234567890%23{NUMBER[2:]}", f"1234567890#{NUMBER[2:]}")},
    "whitesky": lambda call: {
        "number": call_user(call) == NUMBER,
        "caller": user(call.message.get("from")) == CALLER[1:],
    },
    "kwebbl": lambda call: {
        "number": call_user(call) == NUMBER,
        "caller": user(call.message.get("from")) == CALLER,
        "asserted identity": user(call.message.get("p-asserted-identity")) == CALLER,
    },
}


def call_user(call: Incoming) -> str:
    return Uri.parse(call.uri).user


@pytest.fixture(scope="session")
def server() -> Iterator[NameServer]:
    server = NameServer(NAME_SERVER)
    yield server
    server.close()


def hosts_of(tree: Any) -> set[str]:
    """Return the host names that a group calls or registers at."""
    group = CarrierGroup.objects.get()
    hosts = {endpoint.host for endpoint in group.endpoints.all()}
    credential = getattr(group, "credential", None)
    if credential is not None and credential.register:
        hosts |= {credential.registrar, *filter(None, (part.strip() for part in credential.more_registrars.split(",")))}
    return hosts


@pytest.mark.parametrize("slug", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_strict_provider_takes_the_call(scene: Scene, server: NameServer, slug: str) -> None:
    """Registration where it is asked, call up, hold, and an end by either side."""
    provider = read_provider(FOLDER / f"{slug}.yaml")
    answers = {question.name: question.default or ANSWERS[question.name] for question in provider.asks}
    load_document({"carrier_groups": [{"name": "Acme", "template": slug, "answers": answers}]})
    group = CarrierGroup.objects.get()
    faults: list[str] = []

    def strict(incoming: Incoming) -> None:
        wrong = [name for name, right in RULES[slug](incoming).items() if not right]
        faults.extend(wrong)
        (answer(403) if wrong else answer(200, 180))(incoming)

    credential = getattr(group, "credential", None)
    account = None
    if credential is not None:
        account = Account(credential.effective_auth_username, PASSWORD, REALMS[slug])
    behaviour = strict if account is None else Challenge(account, then=strict)
    address = f"127.30.8.{200 + sorted(RULES).index(slug)}"
    accounts = [account] if account is not None else []
    carrier = scene.agents.enter_context(Registrar(address, *accounts, behaviour=behaviour, port=5060))
    server.records = {(f"{host}.", "A"): [address] for host in hosts_of(group)}
    for method in ("dns.delete_all", "dst_blocklist.delete_all"):
        scene.node.rpc.call(method)
    route = OutboundRoute.objects.create(prefix="")
    OutboundRouteGroup.objects.create(route=route, group=group, position=1)
    scene.apply()
    if credential is not None and credential.register:
        carrier.wait_until_registered(credential.username)
    for ends_it in ("caller", "callee"):
        seen = len(carrier.invites)
        call = scene.dial(NUMBER, sender=f"<sip:{CALLER}@{scene.pbx.host_port}>")
        assert call.code == 200, faults
        invite = carrier.invites[-1]
        assert len(carrier.invites) == seen + (2 if account is not None else 1)
        carrier.wait_for("ACK", len(carrier.invites))
        assert call.ask("INVITE").code == 200, "hold"
        if ends_it == "caller":
            assert call.bye() == 200
        else:
            assert carrier.hang_up(invite) == 200
            scene.pbx.wait_for("BYE")
    assert faults == []
