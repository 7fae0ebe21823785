"""Questions about a credential: for which realm the carrier asks, and whether it accepts the password.

A REGISTER without Contact only queries (RFC 3261, section 10.2.3): with a digest it proves a password without changing
any binding. A carrier that challenges calls only is asked by an INVITE to the user ``dsiprouter-test``, whom no carrier
has: a carrier that accepts the password answers that there is nobody. A node sends an INVITE to no other user
(kamailio/rpc_methods.cfg), gives it up after four seconds, and ends the call if somebody answers it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from carriers.passwords.digest import authorization
from carriers.snapshots.records import CredentialRecord, EndpointRecord, GroupRecord
from carriers.values.accounts import realms_in
from carriers.values.addresses import uri_host
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.printable import make_printable
from kamailio_bridge.questions.probes import Answer, Probe, ask, identity, new_call_id, way_to
from kamailio_bridge.rows.routes_in_force import sip_uri

TEST_USER = "dsiprouter-test"
NOBODY_TO_ASK = "Nobody can be asked: there is no registration server, and no endpoint that calls go to."
_CHALLENGES = (401, 407)
_REJECTIONS = (401, 403, 407)


@dataclass(frozen=True)
class _Question:
    """A request that a carrier challenges. ``who`` is asked, and ``next_hop`` is where the request goes.

    ``socket`` is the name of the one that it leaves by, "" for the default one.
    """

    method: str
    r_uri: str
    next_hop: str
    sender: str
    receiver: str
    who: str
    transport: str
    socket: str

    def send(self, node: Node, call_id: str, proof: str = "") -> Answer | Probe:
        way = way_to(node, self.socket, self.who, self.transport)
        if isinstance(way, Probe):
            return way
        headers = identity(self.sender, self.receiver, call_id)
        if self.method == "INVITE":
            headers += f"Contact: <sip:{TEST_USER}@{way.local}>\r\n"
        return ask(way, self.method, self.r_uri, self.next_hop, headers + proof)


def ask_realm(node: Node, group: GroupRecord) -> Probe:
    """Ask a group's carrier for the realm of its challenge. Raises ``RpcError``."""
    probe = Probe("no challenge", NOBODY_TO_ASK)
    for question in _questions(group):
        answer = question.send(node, new_call_id(group))
        if isinstance(answer, Probe):
            return answer
        found = answer.challenge(_digests(group.credential))
        if found is not None:
            realm = make_printable(found[1].realm)
            sentence = f"{question.who} asks for the realm “{realm}”."
            return Probe("answers", sentence, answer.code, answer.milliseconds, realm)
        probe = _no_challenge(question, answer)
    return probe


def probe_credential(node: Node, group: GroupRecord) -> Probe:
    """Prove the stored password to the carrier, without registering or calling anybody. Raises ``RpcError``."""
    if group.credential is None or group.credential.ha1 is None:
        return Probe("unreadable", "The password can't be decrypted with the present key: enter it again.")
    probe = Probe("no challenge", NOBODY_TO_ASK)
    for place, question in enumerate(_questions(group)):
        next_probe = _prove(node, question, group, group.credential)
        # What calls are answered without a challenge says less than why a registration has none.
        if next_probe.verdict != "no challenge" or place == 0:
            probe = next_probe
        if probe.verdict != "no challenge" or probe.code in _CHALLENGES:
            break
    return probe


NOBODY_TO_ASK = "Nobody can be asked: there is no registration server, and no endpoint that calls go to."


def _questions(group: GroupRecord) -> list[_Question]:
    """Return what to ask, in this order, until an answer is a challenge."""
    credential = group.credential
    questions: list[_Question] = []
    if credential is None:
        return questions
    if credential.registrar:
        account = f"sip:{credential.user}@{uri_host(credential.uri_domain)}"
        where = sip_uri(credential.registrar, credential.port, credential.transport)
        r_uri = f"sip:{uri_host(credential.uri_domain)}"
        to_registrar = (credential.registrar, credential.transport, group.socket)
        questions.append(_Question("REGISTER", r_uri, where, account, account, *to_registrar))
    endpoint = next((one for one in group.endpoints if one.enabled and one.direction != "inbound"), None)
    if endpoint is not None:
        questions.append(_call(credential, endpoint, group.socket_of(endpoint)))
    return questions


def _call(credential: CredentialRecord, endpoint: EndpointRecord, socket: str) -> _Question:
    where = sip_uri(endpoint.host, endpoint.port, endpoint.transport)
    domain = uri_host(credential.uri_domain or endpoint.host)
    r_uri = where.replace("sip:", f"sip:{TEST_USER}@", 1)
    if credential.calls_to_domain and credential.uri_domain:
        r_uri = f"sip:{TEST_USER}@{domain}"
    receiver = f"sip:{TEST_USER}@{domain}"
    sender = f"sip:{credential.user}@{domain}"
    return _Question("INVITE", r_uri, where, sender, receiver, endpoint.host, endpoint.transport, socket)


def _digests(credential: CredentialRecord | None) -> dict[str, str | None]:
    """Return the HA1 of each realm of the credential's."""
    if credential is None:
        return {}
    more = zip(realms_in(credential.more_realms), credential.more_ha1, strict=False)
    return {credential.realm: credential.ha1, **dict(more)}


def _prove(node: Node, question: _Question, group: GroupRecord, credential: CredentialRecord) -> Probe:
    digests = _digests(credential)
    call_id = new_call_id(group)
    answer = question.send(node, call_id, f"CSeq: 1 {question.method}\r\n")
    if isinstance(answer, Probe):
        return answer
    found = answer.challenge(digests)
    if found is None:
        return _no_challenge(question, answer)
    for number in (2, 3):
        header, challenge = found
        realm, digest = make_printable(challenge.realm), digests.get(challenge.realm)
        if digest is None:
            sentence = (
                f"{question.who} asks for the realm “{realm}”, and the credential has"
                f" “{credential.realm}”: set the realm to “{realm}”."
            )
            return Probe("realm differs", sentence, answer.code, answer.milliseconds, realm)
        proof = authorization(
            challenge,
            username=credential.auth_username,
            digest=digest,
            method=question.method,
            uri=question.r_uri,
            cnonce=secrets.token_hex(8),
        )
        next_answer = question.send(node, call_id, f"CSeq: {number} {question.method}\r\n{header}: {proof}\r\n")
        if isinstance(next_answer, Probe):
            # An INVITE that is given up is answered with 408 by the node itself: nobody rejected the password.
            return _verdict(question, None, realm) if question.method == "INVITE" else next_answer
        answer = next_answer
        again = answer.challenge(digests)
        if again is None or not again[1].stale:  # a stale nonce is answered once more, as the node does
            break
        found = again
    return _verdict(question, answer, realm)


def _verdict(question: _Question, answer: Answer | None, realm: str) -> Probe:
    accepts = f"{question.who} accepts the username and password"
    if answer is None:
        return Probe("accepted", f"{accepts}, and does not end our test call within four seconds.", realm=realm)
    answered = f"{question.who} answers {answer.code} {answer.reason}"
    calls = question.method == "INVITE"
    if 200 <= answer.code < 300 or (calls and answer.code not in _REJECTIONS):
        sentence = (
            f"{accepts} for calls: a call to nobody gets {answer.code} {answer.reason}." if calls else f"{accepts}."
        )
        return Probe("accepted", sentence, answer.code, answer.milliseconds, realm)
    if answer.code == 403 and calls:
        sentence = f"{answered}: it rejects the username or password, or does not allow this account to call."
    elif answer.code in _REJECTIONS:
        sentence = f"{answered}: it rejects the username or password; check both with the carrier."
    elif answer.code == 404:
        sentence = f"{answered}: it does not know this username; check it with the carrier."
    else:
        sentence = f"{answered} to a right challenge: ask the carrier what is wrong with the account."
    return Probe("rejected", sentence, answer.code, answer.milliseconds, realm)


def _no_challenge(question: _Question, answer: Answer) -> Probe:
    answered = f"{question.who} answers {answer.code} {answer.reason}"
    if answer.is_challenge:
        sentence = (
            f"{answered}, and none of its challenges is an MD5 digest that Kamailio can answer:"
            " ask the carrier for MD5."
        )
    elif 200 <= answer.code < 300 or question.method == "INVITE":
        sentence = f"{answered} without asking for a password, so it proves nothing about the credential."
    else:
        sentence = f"{answered} instead of asking for a password: check the registration server with the carrier."
    return Probe("no challenge", sentence, answer.code, answer.milliseconds)
