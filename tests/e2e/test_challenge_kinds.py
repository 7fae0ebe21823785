"""Every challenge that Kamailio can answer is answered, whatever stands beside it and however it is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from carriers.models import CarrierGroup
from carriers.snapshots.records import read_carriers
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.registrations import registrations
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account, new_nonce
from tests.e2e.sip.incoming import Incoming

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

PLAIN = Account("1000", "secret of one", "carrier.example", qop="")
QOP = replace(PLAIN, qop="auth")
WWW, PROXY = "www-authenticate", "proxy-authenticate"
Headers = list[tuple[str, str]]
HEADERS = {WWW: "authorization", PROXY: "proxy-authorization"}


def md5(nonce: str, realm: str = PLAIN.realm) -> str:
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm=MD5'


def other(algorithm: str, realm: str = PLAIN.realm) -> str:
    return f'Digest realm="{realm}", nonce="00ff", algorithm={algorithm}, qop="auth"'


def www(*values: str) -> Headers:
    return [(WWW, value) for value in values]


class OddChallenger:
    """Ask for a password with the headers that ``write`` makes of a nonce; take the right answer, refuse others."""

    def __init__(self, account: Account, write: Callable[[str], Headers], *, code: int = 401, asks: str = WWW) -> None:
        self.account = account
        self.write = write
        self.code = code
        self.answering = HEADERS[asks]
        self.faults: list[str] = []
        self._nonces: dict[str, str] = {}

    def __call__(self, incoming: Incoming) -> None:
        request = incoming.message
        if incoming.method not in ("REGISTER", "INVITE"):
            incoming.reply(200)
        elif not request.has("authorization") and not request.has("proxy-authorization"):
            nonce = self._nonces[request.call_id] = new_nonce()
            incoming.reply(self.code, *self.write(nonce))
        elif fault := self.account.fault(request, self._nonces.get(request.call_id, ""), self.answering):
            self.faults.append(f"{incoming.method}: {fault}")
            incoming.reply(403)
        elif incoming.method == "REGISTER":
            incoming.reply(200, ("contact", f"{request.get('contact')};expires=3600"))
        else:
            incoming.reply(200)


def carrier(scene: Scene, challenger: OddChallenger) -> UserAgent:
    agent = scene.carrier(challenger)
    agent.within_calls = challenger
    return agent


QUOTED_TRAP = r'Basic realm="Digest realm=\"carrier.example\", nonce=\"1\", algorithm=MD5"'
KINDS: dict[str, OddChallenger] = {
    "AKA before": OddChallenger(PLAIN, lambda n: www(other("AKAv1-MD5"), md5(n))),
    "MD5-sess before": OddChallenger(PLAIN, lambda n: www(other("MD5-sess"), md5(n))),
    "SHA-256 before": OddChallenger(PLAIN, lambda n: www(other("SHA-256"), md5(n))),
    "SHA-512-256-sess before, quoted": OddChallenger(PLAIN, lambda n: www(other('"SHA-512-256-sess"'), md5(n))),
    "Basic before": OddChallenger(PLAIN, lambda n: www('Basic realm="x"', md5(n))),
    "Bearer and Negotiate before": OddChallenger(
        PLAIN, lambda n: www('Bearer authz_server="https://x/", scope="a b"', "Negotiate YII=", md5(n))
    ),
    "others behind": OddChallenger(PLAIN, lambda n: www(md5(n), other("MD5-sess"), 'Basic realm="x"')),
    "another realm before": OddChallenger(PLAIN, lambda n: www(md5("77", "edge.example"), md5(n))),
    "another realm behind": OddChallenger(PLAIN, lambda n: www(md5(n), md5("77", "edge.example"))),
    "all in one header": OddChallenger(
        PLAIN, lambda n: www(f'{other("SHA-256")}, Basic realm="x", {md5("7", "edge.example")}, {md5(n)}')
    ),
    "one header, ours first": OddChallenger(PLAIN, lambda n: www(f"{md5(n)},{other('MD5-sess')},Basic realm=x")),
    "a challenge inside quotes": OddChallenger(PLAIN, lambda n: www(f"{QUOTED_TRAP}, {md5(n)}")),
    "algorithm quoted": OddChallenger(PLAIN, lambda n: www(md5(n).replace("=MD5", '="MD5"'))),
    "algorithm in lower case": OddChallenger(PLAIN, lambda n: www(md5(n).replace("MD5", "md5"))),
    "algorithm left out": OddChallenger(PLAIN, lambda n: www(md5(n).replace(", algorithm=MD5", ""))),
    "algorithm first": OddChallenger(PLAIN, lambda n: www(f'Digest algorithm=MD5, realm="{PLAIN.realm}", nonce="{n}"')),
    "no space": OddChallenger(PLAIN, lambda n: www(md5(n).replace(", ", ","))),
    "much space": OddChallenger(PLAIN, lambda n: www(md5(n).replace(", ", " ,\t  ").replace("=", " = "))),
    "folded": OddChallenger(PLAIN, lambda n: www(other("SHA-256"), md5(n).replace(", ", ",\r\n\t "))),
    "folded with another in it": OddChallenger(
        PLAIN, lambda n: www(f"{other('MD5-sess')},\r\n {md5(n)}".replace(", ", ",\r\n "))
    ),
    "scheme in capitals": OddChallenger(PLAIN, lambda n: www(md5(n).replace("Digest", "DIGEST"))),
    "names in capitals": OddChallenger(
        PLAIN, lambda n: www(md5(n).replace("realm", "Realm").replace("nonce", "NONCE"))
    ),
    "qop auth": OddChallenger(QOP, lambda n: www(f'{md5(n)}, qop="auth"')),
    "qop as a token": OddChallenger(QOP, lambda n: www(f"{md5(n)}, qop=auth")),
    "qop auth,auth-int": OddChallenger(QOP, lambda n: www(f'{md5(n)}, qop="auth,auth-int"')),
    "qop auth-int, auth": OddChallenger(QOP, lambda n: www(f'{md5(n)}, qop="auth-int, auth"')),
    "qop auth-int before": OddChallenger(PLAIN, lambda n: www(f'{md5("7")}, qop="auth-int"', md5(n))),
    "opaque": OddChallenger(replace(QOP, opaque="o=p,q"), lambda n: www(f'{md5(n)}, opaque="o=p,q", qop="auth"')),
    "an empty opaque": OddChallenger(PLAIN, lambda n: www(f'{md5(n)}, opaque=""')),
    "stale=false": OddChallenger(PLAIN, lambda n: www(f"{md5(n)}, stale=false")),
    "stale=FALSE, quoted": OddChallenger(PLAIN, lambda n: www(f'{md5(n)}, stale="FALSE"')),
    "more parameters": OddChallenger(
        PLAIN, lambda n: www(f'{md5(n)}, domain="sip:a sip:b", charset=UTF-8, userhash=false, x-y="1, 2"')
    ),
    "407": OddChallenger(PLAIN, lambda n: [(PROXY, other("MD5-sess")), (PROXY, md5(n))], code=407, asks=PROXY),
    "both headers, 401": OddChallenger(PLAIN, lambda n: [(PROXY, md5("7", "edge.example")), (WWW, md5(n))]),
    "both headers, 407": OddChallenger(
        PLAIN, lambda n: [(WWW, md5("7", "edge.example")), (PROXY, md5(n))], code=407, asks=PROXY
    ),
    "401 with the header of 407": OddChallenger(PLAIN, lambda n: [(PROXY, md5(n))], asks=PROXY),
    "407 with the header of 401": OddChallenger(PLAIN, lambda n: www(md5(n)), code=407),
}


def states(scene: Scene, groups: dict[str, CarrierGroup]) -> dict[str, str]:
    found = registrations(read_carriers(), [scene.node])
    return {name: found[group.pk].state for name, group in groups.items()}


def test_every_kind_is_answered_for_registrations_and_calls(scene: Scene) -> None:
    groups = {}
    for number, (name, challenger) in enumerate(KINDS.items(), start=100):
        agent = carrier(scene, challenger)
        groups[name] = scene.group(name, to(agent))
        scene.credential(groups[name], challenger.account, agent)
        scene.route(str(number), groups[name])
    scene.apply()
    expected = dict.fromkeys(KINDS, "registered")
    deadline = time.monotonic() + 20
    while (found := states(scene, groups)) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    assert ({name: challenger.faults for name, challenger in KINDS.items() if challenger.faults}, found) == (
        {},
        expected,
    )
    carriers = read_carriers()
    verdicts = {name: check_credential(carriers, group.pk, [scene.node]).verdict for name, group in groups.items()}
    assert verdicts == dict.fromkeys(KINDS, "accepted")
    codes = {name: scene.dial(str(number)).code for number, name in enumerate(KINDS, start=100)}
    assert codes == dict.fromkeys(KINDS, 200)
    assert {name: challenger.faults for name, challenger in KINDS.items() if challenger.faults} == {}


@pytest.mark.parametrize("method", ["INVITE", "INFO", "BYE"])
@pytest.mark.parametrize("name", ["MD5-sess before", "another realm before", "all in one header", "folded"])
def test_within_a_call_too(scene: Scene, name: str, method: str) -> None:
    challenger = OddChallenger(PLAIN, KINDS[name].write)
    agent = scene.carrier()
    agent.within_calls = challenger
    group = scene.group("Acme", to(agent))
    scene.credential(group, PLAIN, agent, register=False)
    scene.route("9", group)
    scene.apply()
    call = scene.dial("91")
    assert call.code == 200
    code = call.reinvite() if method == "INVITE" else call.ask(method).code
    assert (code, challenger.faults) == (200, [])
