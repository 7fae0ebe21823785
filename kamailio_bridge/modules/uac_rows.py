"""The rows of accounts: a record for each, and with nodes entered a row that names the one that registers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

from django.db.models import Q

from carriers.labels import group_label
from carriers.snapshots.records import Carriers, CredentialRecord, GroupRecord
from carriers.values.accounts import MOST_REALMS, realms_in
from carriers.values.address_lists import ListedAddress, addresses_in
from carriers.values.addresses import uri_host
from kamailio_bridge.modules.base import ModuleChanges, NodeNames, Projection, TableChanges
from kamailio_bridge.modules.policies.account import account_policy
from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.rows.ids import (
    MORE_ACCOUNTS_OFFSET,
    MORE_OWNERS_OFFSET,
    OWNER_OFFSET,
    further_row_id,
    row_id,
)
from kamailio_bridge.rows.marks import (
    DISABLED_FLAG,
    OWNER_KEY,
    RECORD_KEY,
    STRING_KEY,
    STRING_VALUE,
    owner_key,
    realm_record_key,
    record_key,
    registrar_record_key,
)
from kamailio_bridge.rows.numbers import number_in
from kamailio_bridge.rows.policy_text import policy_text
from kamailio_bridge.rows.routes_in_force import sip_uri
from kamailio_bridge.rows.types import Notice, Row, Table, Values
from kamailio_bridge.tables.models import Htable, Uacreg

LOCAL_DOMAIN = "dsiprouter.invalid"  # where uac_reg_lookup would send an inbound call; our SIP side routes it itself

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
    secret=frozenset({"auth_ha1", "auth_password"}),
)
OWNERS = Table(
    model=Htable,
    columns=("id", "key_name", "key_type", "value_type", "key_value", "expires"),
    ours=Q(key_name__startswith=OWNER_KEY),
    exclusive=("key_name",),
)
L_UUID, EXPIRES, FLAGS = map(RECORDS.at, ("l_uuid", "expires", "flags"))
_KEY_NAME, _KEY_VALUE = map(OWNERS.at, ("key_name", "key_value"))


def project_accounts(carriers: Carriers, nodes: NodeNames) -> Projection:
    """Make a record for each credential, and with nodes entered a row that names the one that registers it.

    In that case the record itself is disabled, and its owner switches it on in memory: so a node that starts, or
    loads a record again, never registers another node's account, not even once.
    """
    projection = Projection.of([RECORDS, OWNERS])
    for group in carriers.groups.values():
        if not group.enabled or group.credential is None:
            continue
        for record in _records(group, group.credential):
            owner = owner_of(record.key, nodes) if record.registers else None
            registers = record.registers and owner is None
            if record.ha1 is None:
                _keep_record(projection, group_label(group), record, registers=registers)
            else:
                _add_record(projection, group, group.credential, record, registers=registers)
            if owner is not None:
                _add_owner(projection, group_label(group), record.key, record.owner_pk, owner)
    return projection


def spread_accounts(stored: Projection, nodes: NodeNames) -> Projection:
    """Return the stored rows with the accounts shared among these nodes."""
    owners = owners_of(stored)
    projection = Projection.of([RECORDS, OWNERS])
    for pk, row in stored.rows[RECORDS].items():
        key = str(row.values[L_UUID])
        owner_pk = _owner_pk(key)
        if owner_pk is None:  # it never registers, or is another program's, although its key begins as ours do
            projection.rows[RECORDS][pk] = row
            continue
        registers = key in owners or row.values[FLAGS] != DISABLED_FLAG
        owner = owner_of(key, nodes) if registers else None
        flags = 0 if registers and owner is None else DISABLED_FLAG
        projection.rows[RECORDS][pk] = row.with_value(FLAGS, flags)
        if owner is not None:
            _add_owner(projection, row.label, key, owner_pk, owner)
    return projection


def record_rows(carriers: Carriers, nodes: NodeNames) -> dict[str, Row]:
    """Return the rows of the records that the carriers need, by ``l_uuid``."""
    return rows_by_key(project_accounts(carriers, nodes))


def rows_by_key(wanted: Projection) -> dict[str, Row]:
    """Return the rows of the records by ``l_uuid``."""
    return {str(row.values[L_UUID]): row for row in wanted.rows[RECORDS].values()}


def owners_of(wanted: Projection) -> dict[str, str]:
    """Return the owner, a node's name, of each record that has one, by ``l_uuid``."""
    return {_owned(row.values): str(row.values[_KEY_VALUE]) for row in wanted.rows[OWNERS].values()}


def _owned(values: Values) -> str:
    return str(values[_KEY_NAME]).removeprefix(OWNER_KEY)


def registered_here(wanted: Projection, node: str) -> set[str]:
    """Return the keys of the records that this node should register."""
    owners = owners_of(wanted)
    rows = rows_by_key(wanted)
    return {
        key
        for key, row in rows.items()
        if (owners[key] == node if key in owners else row.values[FLAGS] != DISABLED_FLAG)
    }


def touched_records(changes: ModuleChanges) -> set[str]:
    """Return the keys of records that change, or whose owner changes."""
    records, owners = changes.tables[RECORDS], changes.tables[OWNERS]
    keys = {str(values[L_UUID]) for values in _all_values(records)}
    return keys | {_owned(values) for values in _all_values(owners)}


def _all_values(changes: TableChanges) -> Iterator[Values]:
    yield from changes.deletes.values()
    yield from (row.values for row in changes.adds.values())
    for before, row in changes.updates.values():
        yield before
        yield row.values


def changed_records(changes: TableChanges) -> set[str]:
    """Return the keys of records that a node must load again: more of them changes than whether they register."""
    new = {str(row.values[L_UUID]) for row in changes.adds.values()}
    return new | {
        str(row.values[L_UUID])
        for before, row in changes.updates.values()
        if any(
            old != value for column, (old, value) in enumerate(zip(before, row.values, strict=True)) if column != FLAGS
        )
    }


class _Record(NamedTuple):
    """One record of an account: at its registration server, at a further one, or for a further realm."""

    key: str
    pk: int
    owner_pk: int
    registrar: ListedAddress
    realm: str
    ha1: str | None
    registers: bool


def _records(group: GroupRecord, credential: CredentialRecord) -> Iterator[_Record]:
    first = ListedAddress(credential.registrar or LOCAL_DOMAIN, credential.port, credential.transport)
    realm = credential.realm or LOCAL_DOMAIN
    main = _Record(
        record_key(group.pk),
        row_id(group.pk),
        row_id(group.pk, OWNER_OFFSET),
        first,
        realm,
        credential.ha1,
        credential.register,
    )
    yield main
    if credential.ha1 is None:
        return
    realms = zip(realms_in(credential.more_realms), credential.more_ha1, strict=True)
    for place, (other, ha1) in enumerate(realms, start=1):
        pk = further_row_id(group.pk, place, MORE_ACCOUNTS_OFFSET)
        key = realm_record_key(group.pk, place)
        yield main._replace(key=key, pk=pk, realm=other, ha1=ha1, registers=False)
    if credential.register:
        for place, registrar in enumerate(addresses_in(credential.more_registrars), start=1):
            yield main._replace(
                key=registrar_record_key(group.pk, place),
                pk=further_row_id(group.pk, MOST_REALMS + place, MORE_ACCOUNTS_OFFSET),
                owner_pk=further_row_id(group.pk, place, MORE_OWNERS_OFFSET),
                registrar=registrar,
            )


def _owner_pk(key: str) -> int | None:
    """Return the key of the row with a record's owner, None for a record that never registers."""
    group, _, place = key.removeprefix(RECORD_KEY).partition("-")
    group_pk, number = number_in(group), number_in(place)
    if group_pk is None or (place and number is None):
        return None
    if number is None:
        return row_id(group_pk, OWNER_OFFSET)
    return further_row_id(group_pk, number, MORE_OWNERS_OFFSET)


def _keep_record(projection: Projection, label: str, record: _Record, *, registers: bool) -> None:
    """Keep the stored record if its key is lost, so that the registration continues."""

    def kept(stored: Values) -> Row:
        return Row(stored, label).with_value(FLAGS, 0 if registers else DISABLED_FLAG)

    projection.keep(RECORDS, record.pk, kept)
    projection.warnings.append(
        Notice(
            label,
            "has a password that can't be decrypted with the present key. Kamailio keeps the record it already has; a"
            " new one is not written: enter the password again.",
        )
    )


def _add_record(
    projection: Projection, group: GroupRecord, credential: CredentialRecord, record: _Record, *, registers: bool
) -> None:
    projection.add(
        RECORDS,
        group_label(group),
        record.pk,
        record.key,
        record.key,
        _local_domain(group),
        credential.user,
        uri_host(credential.uri_domain or LOCAL_DOMAIN),
        record.realm,
        credential.auth_username,
        "",
        record.ha1,
        sip_uri(*record.registrar),
        credential.expires,
        0 if registers else DISABLED_FLAG,
        0,
        "",
        "",
    )


def _local_domain(group: GroupRecord) -> str:
    """Return a domain that changes with the Contact, so that nodes register again: nobody uses the column itself."""
    contact = policy_text({name: value for name, value in account_policy(group).items() if name != "domain"})
    if not contact:
        return LOCAL_DOMAIN
    return f"{crc32(contact.encode()):08x}.{LOCAL_DOMAIN}"


def _add_owner(projection: Projection, label: str, key: str, pk: int, owner: str) -> None:
    projection.add(
        OWNERS,
        label,
        pk,
        owner_key(key),
        STRING_KEY,
        STRING_VALUE,
        owner,
        0,
    )
