"""The records of accounts that a node's uac module holds in memory.

A node keeps loaded records, with the state of their registrations, until each is refreshed or removed: so records are
read and changed one by one.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, NamedTuple

from kamailio_bridge.modules.uac_rows import EXPIRES, RECORDS
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, as_list, parsing_answer
from kamailio_bridge.rows.marks import DISABLED_FLAG, ONGOING_STATE, REGISTERED_STATE
from kamailio_bridge.rows.types import Row

FEW = 100  # records that are read one by one; for more, all are dumped at once
UNREGISTER_SECONDS = 2.0  # how long carriers may take to answer the end of registrations

OWNERS_HASH_TABLE = "owners"  # the same table as the hash table dsiprouter, in memory apart from the revision
RECORDS_HASH_TABLE = "records"  # the keys of uacreg, so that the node knows which registrations to retry


class UacRecord(NamedTuple):
    """One record as a node shows it. Its digest opens the account: never pass it on to people.

    The fields up to ``auth_proxy`` are those of its row. ``flags`` are state, ``diff_expires`` are the seconds until
    the node registers again, and ``timer_expires`` is that moment as a Unix time.
    """

    l_uuid: str
    l_username: str
    l_domain: str
    r_username: str
    r_domain: str
    realm: str
    auth_username: str
    auth_ha1: str
    auth_proxy: str
    expires: int
    flags: int
    diff_expires: int
    timer_expires: int

    def __repr__(self) -> str:
        return f"UacRecord({self.l_uuid!r})"

    @property
    def is_off(self) -> bool:
        """Whether it only answers challenges and does not register."""
        return bool(self.flags & DISABLED_FLAG)

    @property
    def is_registered(self) -> bool:
        """Whether the carrier has accepted the registration."""
        return bool(self.flags & REGISTERED_STATE)

    @property
    def is_trying(self) -> bool:
        """Whether the node is registering now, or is about to for the first time."""
        return not self.flags or bool(self.flags & ONGOING_STATE)


_TEXTS, _NUMBERS = UacRecord._fields[:9], UacRecord._fields[9:]
# The columns of a row that a node shows unchanged. Flags and times are state there, not settings.
SHOWN_COLUMNS = _TEXTS[1:]
_LARGEST = 2**32  # Kamailio's numbers are 32 bits wide


def dump_records(rpc: Rpc) -> list[UacRecord]:
    """Return all records of a node. Raises ``RpcError``."""
    records = as_list(rpc.call("uac.reg_dump"))
    with parsing_answer("uac.reg_dump"):
        return [_parse(record) for record in records]


def records_of(rpc: Rpc, keys: Collection[str] | None) -> dict[str, UacRecord]:
    """Return records of a node by key: those of ``keys`` that it has, or all for None. Raises ``RpcError``."""
    if keys is not None and len(keys) <= FEW:
        return {key: record for key in keys for record in [read_record(rpc, key)] if record is not None}
    return {record.l_uuid: record for record in dump_records(rpc)}


def read_record(rpc: Rpc, key: str) -> UacRecord | None:
    """Return one record of a node, None if it does not have it. Raises ``RpcError``."""
    try:
        answer = rpc.call("uac.reg_info", "l_uuid", key)
    except CallFailed as failure:
        if failure.code == 404:
            return None
        raise
    with parsing_answer("uac.reg_info"):
        record = _parse(answer)
        if record.l_uuid != key:
            raise ValueError(record.l_uuid)
    return record


def _parse(record: Any) -> UacRecord:
    """Read a record as a node shows it. Raises what ``parsing_answer`` expects."""
    texts: list[Any] = [
        "" if record[name] is None else record[name] for name in _TEXTS
    ]  # null is a text that was never set
    numbers: list[Any] = [record[name] for name in _NUMBERS]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if not all(type(number) is int and abs(number) <= _LARGEST for number in numbers):
        raise ValueError
    return UacRecord(*texts, *numbers)


def differs(row: Row, record: UacRecord | None) -> bool:
    """Say whether the node's record is missing or differs from its row."""
    if record is None:
        return True
    values = dict(zip(RECORDS.columns, row.values, strict=True))
    return any(getattr(record, column) != values[column] for column in SHOWN_COLUMNS)


def is_muted(row: Row, record: UacRecord) -> bool:
    """Say whether the record no longer registers: ending a registration leaves it with an Expires of 0."""
    return record.expires != row.values[EXPIRES]


def reload_hash_table(rpc: Rpc, name: str) -> None:
    """Let the node reload its owners or records, if its configuration has that hash table."""
    try:
        rpc.call("htable.reload", name)
    except CallFailed as failure:
        if not failure.message.startswith(
            ("No such htable", "No htable db_url", "No database htable", "Method Not Found")
        ):
            raise


def remove(rpc: Rpc, key: str) -> None:
    """Remove a record, if it is there."""
    try:
        rpc.call("uac.reg_remove", key)
    except CallFailed as failure:
        if failure.code != 404:  # not there: nothing to remove
            raise


def unregister(rpc: Rpc, keys: Collection[str]) -> None:
    """End these registrations at the carriers (Expires 0), and wait ``UNREGISTER_SECONDS`` at most for the answers.

    Otherwise a carrier would send calls for a deleted group until the registration expires.
    """
    for key in keys:
        rpc.call("uac.reg_unregister", "l_uuid", key)
    pending = set(keys)
    deadline = time.monotonic() + UNREGISTER_SECONDS
    while pending and time.monotonic() < deadline:
        time.sleep(0.05)
        now = records_of(rpc, pending)
        pending = {key for key, record in now.items() if key in pending and record.is_registered}
