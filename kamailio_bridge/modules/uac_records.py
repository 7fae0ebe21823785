"""uac's tables, and the records that a node holds in memory.

A node keeps what it loaded until it is told otherwise, and counts there what is registered: so it is asked and told
record by record.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from django.db.models import Q

from kamailio_bridge.modules.base import as_list
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, understood
from kamailio_bridge.rows.types import Row, Table
from kamailio_bridge.tables.models import Htable, Uacreg

DISABLED_FLAG = 1  # the record answers challenges but does not register
REGISTERED_STATE = 4  # bit of the flags that Kamailio shows
FEW = 100  # records that are asked for one by one; of more the node dumps all it has
UNREGISTER_PATIENCE = 2.0  # seconds that a carrier gets to answer the end of a registration before we go on

RECORD_KEY = "carrier-"
OWNER_KEY = "dsiprouter:owner:"
OWNERS_HASH_TABLE = "owners"  # the same table as the hash table dsiprouter, in memory apart from the revision
RECORDS_HASH_TABLE = "records"  # the keys of uacreg, so that the node knows what to try again
STRING_KEY, STRING_VALUE = 0, 0

RECORDS = Table(
    model=Uacreg,
    columns=(
        "id",
        "l_uuid",
        "l_username",
        "l_domain",
        "r_username",
        "r_domain",
        "realm",
        "auth_username",
        "auth_password",
        "auth_ha1",
        "auth_proxy",
        "expires",
        "flags",
        "reg_delay",
        "contact_addr",
        "socket",
    ),
    ours=Q(l_uuid__startswith=RECORD_KEY),
    exclusive=("l_uuid", "l_username"),
)
OWNERS = Table(
    model=Htable,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=Q(key_name__startswith=OWNER_KEY),
    exclusive=("key_name",),
)
L_UUID, EXPIRES, FLAGS = (RECORDS.columns.index(column) for column in ("l_uuid", "expires", "flags"))
# What reg_info shows of a record, by the column that it comes from. Flags and times are state there, not settings.
SHOWN_COLUMNS = ("l_username", "l_domain", "r_username", "r_domain", "realm", "auth_username", "auth_ha1", "auth_proxy")


def record_key(group_pk: int) -> str:
    """Return the ``l_uuid`` of a carrier group's record, which is also the user of its Contact."""
    return f"{RECORD_KEY}{group_pk}"


def dump_records(rpc: Rpc) -> list[dict[str, Any]]:
    """Return all records of a node, digests included: never pass them on to people."""
    records = as_list(rpc.call("uac.reg_dump"))
    with understood("uac.reg_dump"):
        return [_checked(record) for record in records]


def records_of(rpc: Rpc, keys: Collection[str] | None) -> dict[str, dict[str, Any]]:
    """Return records of a node by key: those named as far as it has them, or all. Digests are in them."""
    if keys is not None and len(keys) <= FEW:
        return {key: record for key in keys for record in [info(rpc, key)] if record is not None}
    return {str(record["l_uuid"]): record for record in dump_records(rpc)}


def info(rpc: Rpc, key: str) -> dict[str, Any] | None:
    """Return one record of a node, None when it has none."""
    try:
        record = rpc.call("uac.reg_info", "l_uuid", key)
    except CallFailed as failure:
        if failure.code == 404:
            return None
        raise
    with understood("uac.reg_info"):
        return _checked(record)


def _checked(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a node shows it, its key a text and its counts numbers. Raises what ``understood`` expects."""
    numbers = {name: int(record.get(name, 0)) for name in ("flags", "diff_expires")}
    return {**record, **numbers, "l_uuid": str(record["l_uuid"])}


def differs(row: Row, record: dict[str, Any] | None) -> bool:
    """Say whether the node's record is missing or other than its row."""
    if record is None:
        return True
    values = dict(zip(RECORDS.columns, row.values, strict=True))
    return any(record.get(column) != values[column] for column in SHOWN_COLUMNS)


def is_off(record: dict[str, Any] | None) -> bool:
    """Say whether the record is there and does not register."""
    return record is not None and bool(int(record.get("flags", 0)) & DISABLED_FLAG)


def is_muted(row: Row, record: dict[str, Any] | None) -> bool:
    """Say whether Kamailio keeps the record silent: ending a registration leaves it with an Expires of 0."""
    return record is not None and record.get("expires") != row.values[EXPIRES]


def reload_hash_table(rpc: Rpc, name: str) -> None:
    """Let the node reload its owners or records. A configuration of its own may have no such hash table."""
    try:
        rpc.call("htable.reload", name)
    except CallFailed as failure:
        if not failure.message.startswith(
            ("No such htable", "No htable db_url", "No database htable", "Method Not Found")
        ):
            raise


def remove(rpc: Rpc, key: str) -> None:
    """Take a record away, if it is there."""
    try:
        rpc.call("uac.reg_remove", key)
    except CallFailed as failure:
        if failure.code != 404:  # not there: nothing to remove
            raise


def unregister(rpc: Rpc, keys: Collection[str]) -> None:
    """End these registrations at the carriers (Expires 0), and give the carriers a moment to answer.

    Without it a carrier would keep sending calls to a group that is gone until the registration expires.
    """
    for key in keys:
        rpc.call("uac.reg_unregister", "l_uuid", key)
    pending = set(keys)
    deadline = time.monotonic() + UNREGISTER_PATIENCE
    while pending and time.monotonic() < deadline:
        time.sleep(0.05)
        now = records_of(rpc, pending)
        pending = {key for key in pending if is_registered(now.get(key))}


def is_registered(record: dict[str, Any] | None) -> bool:
    """Say whether the carrier has accepted the registration."""
    return record is not None and bool(int(record.get("flags", 0)) & REGISTERED_STATE)
