"""Registrations: whether each carrier accepts the account that it gave us, as the nodes see it now.

A node's ``uac`` module knows which records are registered, but not why others are not. Our
``kamailio/registrations.cfg`` keeps the registrar's last answer, the realm that it asked for and the time of the next
try in the hash table ``registrars``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from django.utils import timezone

from carriers.snapshots.records import Carriers, CredentialRecord, GroupRecord
from carriers.values.accounts import realms_in
from carriers.values.address_lists import addresses_in
from carriers.values.addresses import with_port
from kamailio_bridge.modules.uac_records import UacRecord, differs, dump_records
from kamailio_bridge.modules.uac_rows import record_rows
from kamailio_bridge.nodes.ask_all import ASK_SECONDS, ask_nodes
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.printable import make_printable
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, RpcError, as_list, parsing_answer
from kamailio_bridge.questions.registrar_answers import as_noted, explain, parse_answer
from kamailio_bridge.rows.marks import record_key, registrar_record_key
from kamailio_bridge.rows.types import Row

# In _ORDER the best comes first: the node with the best state counts for the group. A node that can't be asked may be
# the one that registers, so it counts for more than one that needs the next apply.
State = Literal[
    "registered", "trying", "not kept", "realm differs", "rejected", "no answer", "not registered", "not registering",
    "unreachable", "not applied", "disabled", "unreadable",
]  # fmt: skip
Ask = Callable[[Sequence[Node], Callable[[Node], "NodeView"], float], list["NodeView | RpcError"]]
Severity = Literal["ok", "pending", "problem", "neutral"]
_ORDER: tuple[State, ...] = (
    "registered", "trying", "not kept", "realm differs", "rejected", "no answer", "not registered", "not registering",
    "unreachable", "not applied",
)  # fmt: skip
_SEVERITIES: Mapping[State, Severity] = {
    "registered": "ok",
    "trying": "pending",
    "not applied": "pending",
    "not registering": "neutral",
    "disabled": "neutral",
}

HASH_TABLE = "registrars"
DIGITS_OF_A_TIME = 10


@dataclass(frozen=True)
class Registration:
    """One carrier group's registration, and the node that reports it.

    ``until`` is a Unix time; ``realm`` is the one that the registrar asked for last, ``answer`` is its last answer, and
    ``granted`` are the seconds that it granted if they are too few. ``realm_of_calls`` is a realm that calls were
    challenged with, and that the credential does not have.
    """

    group: int
    state: State
    sentence: str
    node: str | None = None
    until: int | None = None
    realm: str | None = None
    answer: str | None = None
    granted: int | None = None
    realm_of_calls: str | None = None

    @property
    def severity(self) -> Severity:
        """How much the state concerns an operator."""
        return _SEVERITIES.get(self.state, "problem")

    @property
    def words(self) -> str:
        """The state in a few words, for lists."""
        if self.state == "registered" and self.until is not None:
            moment = timezone.localtime(datetime.fromtimestamp(self.until, tz=UTC))
            return f"Registered until {moment:%H:%M:%S}"
        if self.state == "rejected":
            return f"Rejected: {self.answer}"
        if self.state == "not kept":
            return f"Accepted for {self.granted} s only"
        if self.state == "realm differs":
            return f"Realm differs: {self.realm}"
        return {
            "not applied": "Not applied yet",
            "unreadable": "Password unreadable",
            "unreachable": "Node unreachable",
        }.get(self.state, self.state.capitalize())


@dataclass(frozen=True)
class NodeView:
    """What a node reports: its records by ``l_uuid``, and the registrars' last answers and realms by ``l_uuid``.

    ``answers`` is None for a node with another configuration, which keeps none.
    """

    name: str
    records: Mapping[str, UacRecord]
    answers: Mapping[str, str] | None

    def __repr__(self) -> str:
        """Leave the records out, because their digests open accounts."""
        return f"NodeView({self.name!r}, {len(self.records)} records)"


@dataclass(frozen=True)
class _Unreachable:
    """A node that can't be asked, and why."""

    name: str
    reason: str


def read_node(node: Node) -> NodeView:
    """Ask a node for all that concerns registrations. Raises ``RpcError``."""
    records = {record.l_uuid: record for record in dump_records(node.rpc)}
    return NodeView(node.name, records, _answers(node.rpc))


def registrations(
    carriers: Carriers, nodes: Sequence[Node], *, seconds: float = ASK_SECONDS, ask: Ask = ask_nodes
) -> dict[int, Registration]:
    """Return the registration of every carrier group with a credential, by the group's key; never raises ``RpcError``.

    Asks all nodes at once and takes the best state, because one of them registers for all. Each node gets ``seconds``
    at most. A credential that a node does not have yet, or has with other values, is *not applied*.
    """
    groups = [group for group in carriers.groups.values() if group.credential is not None]
    if not groups:
        return {}
    views = [
        _Unreachable(node.name, str(answer)) if isinstance(answer, RpcError) else answer
        for node, answer in zip(nodes, ask(nodes, read_node, seconds), strict=True)
    ]
    names = tuple(node.name for node in nodes)
    wanted = record_rows(carriers, names)
    found = {}
    for group in groups:
        first = _registration(group, views, wanted.get(record_key(group.pk)))
        found[group.pk] = replace(first, sentence=" ".join([first.sentence, *_further(group, views, wanted)]))
    return found


def _answers(rpc: Rpc) -> dict[str, str] | None:
    try:
        slots = as_list(rpc.call("htable.dump", HASH_TABLE))
    except CallFailed:
        return None
    with parsing_answer("htable.dump"):
        return {
            str(item["name"]): make_printable(str(item["value"]))
            for slot in slots
            for item in as_list(slot.get("slot", []))
            if "name" in item
        }


def _registration(group: GroupRecord, views: Sequence[NodeView | _Unreachable], row: Row | None) -> Registration:
    credential = group.credential
    assert credential is not None  # noqa: S101 - the caller chose the groups that have one
    key = record_key(group.pk)
    if not group.enabled:
        left = [view.name for view in views if isinstance(view, NodeView) and key in view.records]
        waits = f" Press Reload Kamailio: node {' and '.join(left)} still has it." if left else ""
        return Registration(group.pk, "disabled", f"The carrier group is disabled.{waits}")
    if row is None:
        return Registration(
            group.pk,
            "unreadable",
            "The password can't be decrypted with the present key: enter it again, then press Reload Kamailio."
            " What Kamailio has of it stays in force.",
        )
    found = [_on_node(group.pk, credential, view, row) for view in views]
    return min(found, key=lambda registration: _ORDER.index(registration.state))


def _on_node(pk: int, credential: CredentialRecord, view: NodeView | _Unreachable, row: Row) -> Registration:
    if isinstance(view, _Unreachable):
        return Registration(pk, "unreachable", f"Node {view.name} can't be asked: {view.reason}", view.name)
    record = view.records.get(record_key(pk))
    if record is None or differs(row, record) or record.is_off == credential.register:
        sentence = f"Node {view.name} does not have it, or has it otherwise: press Reload Kamailio."
        return Registration(pk, "not applied", sentence, view.name)
    if not credential.register:
        asked = _realm_of_calls(pk, credential, view)
        sentence = f"Answers challenges of our calls, and does not register.{_ask_to_add(asked)}"
        return Registration(pk, "not registering", sentence, view.name, realm_of_calls=asked)
    return _state(pk, credential, record, view)


def _realm_of_calls(pk: int, credential: CredentialRecord, view: NodeView) -> str | None:
    """Return a realm that the carrier challenges our calls with, and that the credential does not have."""
    asked = (view.answers or {}).get(f"call:{record_key(pk)}")
    known = map(as_noted, (credential.realm, *realms_in(credential.more_realms)))
    return None if asked is None or asked in known else asked


def _ask_to_add(realm: str | None) -> str:
    if realm is None:
        return ""
    return (
        f" But the carrier asks our calls for the realm “{realm}”: add it to the further realms, save, then press"
        " Reload Kamailio."
    )


def _further(group: GroupRecord, views: Sequence[NodeView | _Unreachable], wanted: Mapping[str, Row]) -> Iterator[str]:
    """Say how each registration at a further registration server is."""
    credential = group.credential
    if credential is None or not credential.register:
        return
    for place, registrar in enumerate(addresses_in(credential.more_registrars), start=1):
        key = registrar_record_key(group.pk, place)
        row = wanted.get(key)
        records = [view.records[key] for view in views if isinstance(view, NodeView) and key in view.records]
        if row is None or not records:
            how = "is not applied yet"
        elif any(record.is_registered for record in records):
            how = "has our registration, too"
        else:
            answers = [view.answers or {} for view in views if isinstance(view, NodeView)]
            noted = [known[key] for known in answers if key in known]
            how = f"answered {parse_answer(noted[0]).words}" if noted else "does not answer"
        yield f"{with_port(registrar.host, registrar.port)} {how}."


def _state(pk: int, credential: CredentialRecord, record: UacRecord, view: NodeView) -> Registration:
    left = record.diff_expires
    key = record_key(pk)
    answers = view.answers or {}
    noted, realm = answers.get(key), answers.get(f"realm:{key}")
    answer = parse_answer(noted) if noted is not None else None
    trying = Registration(
        pk,
        "trying",
        f"Node {view.name} is registering now.",
        view.name,
        realm=realm,
        answer=answer.words if answer is not None else None,
        granted=answer.granted if answer is not None else None,
    )
    if record.is_registered and left > 0:
        asked = _realm_of_calls(pk, credential, view)
        sentence = f"Registered by node {view.name}, renewed within {left} s.{_ask_to_add(asked)}"
        until = int(time.time()) + left
        return replace(trying, state="registered", sentence=sentence, until=until, realm_of_calls=asked)
    if record.is_trying:
        return trying
    retry = _retry(record, answers.get(f"due:{key}"))
    if view.answers is None:
        sentence = f"Node {view.name} does not keep what registrars answer: its log says why."
        return replace(trying, state="not registered", sentence=sentence + retry)
    if answer is None:
        where = with_port(credential.registrar, credential.port)
        sentence = f"{where} does not answer: check the registration server's address, port and transport."
        return replace(trying, state="no answer", sentence=sentence + retry)
    if answer.is_challenge and not answer.has_no_md5 and realm not in (None, as_noted(credential.realm)):
        sentence = (
            f"The registrar asks for the realm “{realm}”, and the credential has “{credential.realm}”:"
            f" set the realm to “{realm}”, save, then press Reload Kamailio."
        )
        return replace(trying, state="realm differs", sentence=sentence)
    state: State = "not kept" if answer.granted is not None else "rejected"
    return replace(trying, state=state, sentence=explain(answer, credential) + retry)


def _retry(record: UacRecord, due: str | None) -> str:
    """Say when the node retries: our configuration keeps the time, by the node's clock; others leave it to uac."""
    left = record.diff_expires
    if due is not None and due.isdecimal() and len(due) <= DIGITS_OF_A_TIME:
        left += int(due) - record.timer_expires
    return f" Next try in {left} s." if left > 0 else ""
