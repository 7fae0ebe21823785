"""Registrations: whether each carrier accepts the account that it gave us, as a node sees it now.

A node's ``uac`` module knows which records are registered and which are not, but not why; what the registrar answered
last, and the realm that it asked for, our ``kamailio/registrations.cfg`` keeps in the hash table ``registrars``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from carriers.snapshot import Carriers, CredentialRecord, GroupRecord
from kamailio_bridge.modules.base import as_list
from kamailio_bridge.modules.uac import RECORDS, UacModule, differs, dump_records, record_key
from kamailio_bridge.nodes import Node, node_names
from kamailio_bridge.rpc import CallFailed, Rpc, RpcError

State = Literal[
    "registered", "trying", "rejected", "no answer", "realm differs", "not registering", "disabled", "not applied",
    "unreadable", "unreachable",
]  # fmt: skip

# Bits of the flags that Kamailio shows (facts, section 7).
DISABLED, ONGOING, REGISTERED, AUTH_SENT = 1, 2, 4, 8
HASH_TABLE = "registrars"


@dataclass(frozen=True)
class Registration:
    """One carrier group's registration. ``until`` is a Unix time; ``realm`` is what the registrar asked for last."""

    group: int
    state: State
    sentence: str
    until: int | None = None
    realm: str | None = None


@dataclass(frozen=True)
class NodeView:
    """What a node says: its records by ``l_uuid``, and the registrars' last answers and realms by ``user@host``."""

    records: Mapping[str, dict[str, Any]]
    answers: Mapping[str, str]


def read_node(node: Node) -> NodeView:
    """Ask a node for all that concerns registrations. Raises ``RpcError``."""
    records = {str(record["l_uuid"]): record for record in dump_records(node.rpc)}
    return NodeView(records, _answers(node.rpc))


def registrations(carriers: Carriers, node: Node) -> dict[int, Registration]:
    """Return the registration of every carrier group with a credential, by the group's key; never raises ``RpcError``.

    What a reload would change is told apart from what the node runs: a credential that the node does not have yet, or
    has in another form, is *not applied*.
    """
    groups = [group for group in carriers.groups.values() if group.credential is not None]
    try:
        view = read_node(node)
    except RpcError as error:
        sentence = f"Node {node.name} can't be asked: {error}"
        return {group.pk: Registration(group.pk, "unreachable", sentence) for group in groups}
    wanted = {row.values[1]: row for row in UacModule().project(carriers, node_names()).rows[RECORDS].values()}
    return {group.pk: _registration(group, view, wanted.get(record_key(group.pk)), node.name) for group in groups}


def _answers(rpc: Rpc) -> dict[str, str]:
    try:
        slots = as_list(rpc.call("htable.dump", HASH_TABLE))
    except CallFailed:
        return {}  # a node with a configuration of its own: its registrations show, without reasons
    return {
        str(item["name"]): str(item["value"])
        for slot in slots
        for item in as_list(slot.get("slot", []))
        if "name" in item
    }


def _registration(group: GroupRecord, view: NodeView, row: Any, node: str) -> Registration:
    credential = group.credential
    assert credential is not None  # noqa: S101 - the caller chose the groups that have one
    record = view.records.get(record_key(group.pk))
    if not group.enabled:
        waits = " Press Reload Kamailio: the node still has it." if record is not None else ""
        return Registration(group.pk, "disabled", f"The carrier group is disabled.{waits}")
    if row is None:
        return Registration(
            group.pk, "unreadable", "The password can't be decrypted with the present key: enter it again."
        )
    if record is None or differs(row, record) or _registers(record) != credential.register:
        return Registration(group.pk, "not applied", "Not applied yet: press Reload Kamailio.")
    if not credential.register:
        return Registration(group.pk, "not registering", "Answers challenges of our calls, and does not register.")
    return _state(group.pk, credential, record, view, node)


def _registers(record: Mapping[str, Any]) -> bool:
    return not int(record.get("flags", 0)) & DISABLED


def _state(pk: int, credential: CredentialRecord, record: Mapping[str, Any], view: NodeView, node: str) -> Registration:
    flags, left = int(record.get("flags", 0)), int(record.get("diff_expires", 0))
    account = f"{credential.username}@{credential.registrar}"
    answer, realm = view.answers.get(account), view.answers.get(f"realm:{account}")
    if flags & REGISTERED and left > 0:
        until = int(time.time()) + left
        return Registration(pk, "registered", f"Registered by node {node}, renewed within {left} s.", until, realm)
    if flags & ONGOING or not flags:
        return Registration(pk, "trying", f"Node {node} is registering now.", realm=realm)
    if realm is not None and realm != credential.realm:
        sentence = (
            f"The registrar asks for the realm “{realm}”, and the credential has “{credential.realm}”:"
            f" set the realm to “{realm}”, then press Reload Kamailio."
        )
        return Registration(pk, "realm differs", sentence, realm=realm)
    if answer is None:
        where = f"{credential.registrar}:{credential.port}"
        sentence = f"{where} does not answer: check the registration server's address, port and transport." + _retry(
            left
        )
        return Registration(pk, "no answer", sentence, realm=realm)
    return Registration(pk, "rejected", _rejected(answer) + _retry(left), realm=realm)


def _rejected(answer: str) -> str:
    code = answer.partition(" ")[0]
    if code in ("401", "403", "407"):
        advice = "check username, auth username and password with the carrier"
    elif code == "404":
        advice = "the carrier does not know this username: check it"
    elif code.startswith("5"):
        advice = "the carrier has a failure of its own: ask there if it goes on"
    else:
        advice = "ask the carrier what is wrong with the account"
    return f"The registrar answered {answer}: {advice}."


def _retry(left: int) -> str:
    return f" Next try in {left} s." if left > 0 else ""
