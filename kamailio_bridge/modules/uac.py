"""uac: registrations at carriers, and the credentials that answer their challenges.

Only the digest's HA1 is written, for every record: mixing plain passwords with HA1 makes Kamailio send wrong digests
(docs/kamailio-facts.md#ha1-or-password). The whole table is never reloaded, because that forgets every registration:
each changed record is refreshed or removed alone, so that no other account registers again
(docs/kamailio-facts.md#refreshing-registrations).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from carriers.labels import group_label
from carriers.snapshots.records import Carriers, CredentialRecord, GroupRecord
from carriers.values.addresses import uri_host
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    TableChanges,
    some,
)
from kamailio_bridge.modules.uac_records import (
    DISABLED_FLAG,
    FEW,
    FLAGS,
    L_UUID,
    OWNER_KEY,
    OWNERS,
    OWNERS_HASH_TABLE,
    RECORD_KEY,
    RECORDS,
    RECORDS_HASH_TABLE,
    STRING_KEY,
    STRING_VALUE,
    UacRecord,
    differs,
    is_muted,
    record_key,
    records_of,
    reload_hash_table,
    remove,
    unregister,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.owners import owner_of
from kamailio_bridge.nodes.rpc import CallFailed, Rpc
from kamailio_bridge.rows.ids import OWNER_OFFSET, row_id
from kamailio_bridge.rows.marks import object_key
from kamailio_bridge.rows.routes_in_force import sip_uri
from kamailio_bridge.rows.types import Notice, Row, Values

LOCAL_DOMAIN = "dsiprouter.invalid"  # where uac_reg_lookup would send an inbound call; our SIP side routes it itself


class UacModule(KamailioModule):
    name = "uac"
    tables = (RECORDS, OWNERS)
    reload_method = "uac.reg_refresh"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        """Make a record for each credential, and where nodes are entered a row that says who registers it.

        Then the record itself is a disabled one, and its owner switches it on in memory: so a node that starts, or
        loads a record again, never registers what is another's, not even once.
        """
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if not group.enabled or group.credential is None:
                continue
            owner = owner_of(record_key(group.pk), nodes) if group.credential.register else None
            registers = group.credential.register and owner is None
            if group.credential.ha1 is None:
                _keep_record(projection, group_label(group), group.pk, registers=registers)
            else:
                _add_record(projection, group, group.credential, group.credential.ha1, registers=registers)
            if owner is not None:
                _add_owner(projection, group_label(group), group.pk, owner)
        return projection

    def spread(self, stored: Projection, nodes: NodeNames) -> Projection:
        owners = _owners(stored)
        projection = Projection.of(self.tables)
        for pk, row in stored.rows[RECORDS].items():
            key = str(row.values[L_UUID])
            group_pk = object_key(key, RECORD_KEY)
            if group_pk is None:  # somebody else's, although it begins as ours do
                projection.rows[RECORDS][pk] = row
                continue
            registers = key in owners or row.values[FLAGS] != DISABLED_FLAG
            owner = owner_of(key, nodes) if registers else None
            flags = 0 if registers and owner is None else DISABLED_FLAG
            values = (*row.values[:FLAGS], flags, *row.values[FLAGS + 1 :])
            projection.rows[RECORDS][pk] = row._replace(values=values)
            if owner is not None:
                _add_owner(projection, row.label, group_pk, owner)
        return projection

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Refresh the records that changed, remove those that went, switch those that came here or went elsewhere."""
        rpc = node.rpc
        if changes is None or changes.tables[OWNERS].count:
            reload_hash_table(
                rpc, OWNERS_HASH_TABLE
            )  # first, because the node itself switches on what it finds to be its own
        if changes is None or changes.tables[RECORDS].count:
            reload_hash_table(rpc, RECORDS_HASH_TABLE)
        look = _look(rpc, wanted, changes)
        rows, loaded = look.rows, look.loaded
        here = _registered_here(wanted, node.name)
        changed = _changed(changes.tables[RECORDS]) if changes is not None else set()
        refresh = {
            key
            for key in look.keys
            if key in changed
            or differs(rows[key], loaded.get(key))
            or (key in here and is_muted(rows[key], loaded[key]))
        }
        kept = look.keys - refresh
        switch_on = [key for key in kept & here if loaded[key].is_off]
        switch_off = [key for key in kept - here if not loaded[key].is_off]
        registered = {key for key, record in loaded.items() if record.is_registered}
        unregister(rpc, [key for key in (*look.gone, *switch_off, *(refresh - here)) if key in registered])
        for key in look.gone:
            remove(rpc, key)
        for key in switch_off:
            rpc.call("uac.reg_disable", "l_uuid", key)
        for key in sorted(refresh):
            rpc.call(self.reload_method, key)
        switch_on += [key for key in refresh & here if rows[key].values[FLAGS] == DISABLED_FLAG]
        now = records_of(rpc, switch_on)  # it may have switched some on by itself meanwhile
        for key in sorted(switch_on):
            if key in now and now[key].is_off:
                rpc.call("uac.reg_enable", "l_uuid", key)
        owners = _owners(wanted)
        return f"{len(refresh)} refreshed, {len(look.gone)} removed" + (
            f", {len(here)} of {len(owners)} registered from here" if owners else ""
        )

    def reload_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        owners = [f"htable.reload {OWNERS_HASH_TABLE}"]
        records = [f"htable.reload {RECORDS_HASH_TABLE}"]
        if changes is None:
            return [
                *owners,
                *records,
                "uac.reg_dump",
                "uac.reg_remove KEY  # for each credential that is no longer configured",
                f"{self.reload_method} KEY  # for each credential that differs",
            ]
        rows, touched = _rows_by_key(wanted), _touched(changes)
        here, changed = _registered_here(wanted, node.name), _changed(changes.tables[RECORDS])
        gone, kept = sorted(touched - rows.keys()), (touched & rows.keys()) - changed
        late = {key for key in changed & here if rows[key].values[FLAGS] == DISABLED_FLAG}
        return [
            *(owners if changes.tables[OWNERS].count else []),
            *(records if changes.tables[RECORDS].count else []),
            *(f"uac.reg_unregister l_uuid {key}  # if it is registered" for key in [*gone, *sorted(changed - here)]),
            *(f"uac.reg_remove {key}" for key in gone),
            *(f"uac.reg_disable l_uuid {key}  # if it is on" for key in sorted(kept - here)),
            *(f"{self.reload_method} {key}" for key in sorted(changed)),
            *(f"uac.reg_enable l_uuid {key}  # if it is off" for key in sorted((kept & here) | late)),
        ]

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        touched = _touched(changes) if changes is not None else set()
        if changes is None or len(touched) > FEW:
            return ["uac.reg_dump"]
        return [f"uac.reg_info l_uuid {key}" for key in sorted(touched)]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the records that changed, or all of them; a refresh of a bad row says yes and does nothing."""
        look = _look(node.rpc, wanted, changes)
        rows, loaded = look.rows, look.loaded
        here = _registered_here(wanted, node.name)
        wrong = {key for key in look.keys if differs(rows[key], loaded.get(key))}
        right = look.keys - wrong
        silent = [key for key in right & here if loaded[key].is_off]
        double = [key for key in right - here if not loaded[key].is_off]
        stray = [key for key in look.gone if key in loaded]
        problems = []
        if wrong:
            problems.append(f"Kamailio did not take the credential of {some(_labels(rows, wrong))}. Its log says why.")
        if stray:
            problems.append(f"Kamailio still holds the removed credentials {some(stray)}. Reload again.")
        if silent:
            problems.append(f"It is to register {some(_labels(rows, silent))}, and does not. Reload again.")
        if double:
            problems.append(f"It registers {some(_labels(rows, double))}, which it is not to do. Reload again.")
        return problems + (_name_problems(node) if _owners(wanted) else [])


class _Look(NamedTuple):
    """The records to look at: their rows, what the node holds of them, and which of them are gone from the table."""

    rows: dict[str, Row]
    keys: set[str]
    loaded: dict[str, UacRecord]
    gone: list[str]


def _look(rpc: Rpc, wanted: Projection, changes: ModuleChanges | None) -> _Look:
    """Look at the records that changed, or at all when it is not known what the node holds."""
    rows = _rows_by_key(wanted)
    touched = _touched(changes) if changes is not None else None
    loaded = records_of(rpc, touched)
    if touched is None:
        touched = rows.keys() | {key for key in loaded if key.startswith(RECORD_KEY)}
    return _Look(rows, touched & rows.keys(), loaded, sorted(touched - rows.keys()))


def _rows_by_key(wanted: Projection) -> dict[str, Row]:
    return {str(row.values[L_UUID]): row for row in wanted.rows[RECORDS].values()}


def _labels(rows: dict[str, Row], keys: Iterable[str]) -> list[str]:
    return [rows[key].label for key in sorted(keys)]


def _owners(wanted: Projection) -> dict[str, str]:
    """Return the owner of each record that has one."""
    return {_owned(row.values): str(row.values[4]) for row in wanted.rows[OWNERS].values()}


def _owned(values: Values) -> str:
    return str(values[1]).removeprefix(OWNER_KEY)


def _registered_here(wanted: Projection, node: str) -> set[str]:
    """Return the records that this node is to register."""
    owners = _owners(wanted)
    rows = _rows_by_key(wanted)
    return {
        key
        for key, row in rows.items()
        if (owners[key] == node if key in owners else row.values[FLAGS] != DISABLED_FLAG)
    }


def _touched(changes: ModuleChanges) -> set[str]:
    """Return the records for which anything changes: themselves, or who registers them."""
    records, owners = changes.tables[RECORDS], changes.tables[OWNERS]
    keys = {str(values[L_UUID]) for values in _all_values(records)}
    return keys | {_owned(values) for values in _all_values(owners)}


def _all_values(changes: TableChanges) -> Iterator[Values]:
    yield from changes.deletes.values()
    yield from (row.values for row in changes.adds.values())
    for before, row in changes.updates.values():
        yield before
        yield row.values


def _changed(changes: TableChanges) -> set[str]:
    """Return the records that a node must load again: those of which more changes than whether they register."""
    new = {str(row.values[L_UUID]) for row in changes.adds.values()}
    return new | {
        str(row.values[L_UUID])
        for before, row in changes.updates.values()
        if any(
            old != value for column, (old, value) in enumerate(zip(before, row.values, strict=True)) if column != FLAGS
        )
    }


def _name_problems(node: Node) -> list[str]:
    """Ask the node by which name it finds its records after a restart. One with its own configuration has none."""
    try:
        answer = node.rpc.call("pv.shvGet", "node")
    except CallFailed:
        return []
    name = answer.get("value") if isinstance(answer, dict) else None
    if name in (None, node.name):
        return []
    sentence = (
        f"It calls itself “{name}”, so after a restart it would register other accounts than it is to: set"
        f" DSIPROUTER_NODE={node.name} in its environment and restart it."
    )
    return [sentence]


def _keep_record(projection: Projection, label: str, group_pk: int, *, registers: bool) -> None:
    """Leave the record as it is if its key is lost, so that the registration continues."""

    def kept(stored: Values) -> Row:
        flags = 0 if registers else DISABLED_FLAG
        return Row((*stored[:FLAGS], flags, *stored[FLAGS + 1 :]), label)

    projection.keep(RECORDS, row_id(group_pk), kept)
    projection.warnings.append(
        Notice(
            label,
            "has a password that can't be decrypted with the present key. Kamailio keeps what it has of it; what"
            " it does not have yet neither registers nor answers challenges: enter the password again.",
        )
    )


def _add_record(
    projection: Projection, group: GroupRecord, credential: CredentialRecord, ha1: str, *, registers: bool
) -> None:
    projection.add(
        RECORDS,
        group_label(group),
        row_id(group.pk),
        record_key(group.pk),
        record_key(group.pk),
        LOCAL_DOMAIN,
        credential.username,
        uri_host(credential.registrar),
        credential.realm,
        credential.auth_username,
        "",
        ha1,
        sip_uri(credential.registrar, credential.port, credential.transport),
        credential.expires,
        0 if registers else DISABLED_FLAG,
        0,
        "",
        "",
    )


def _add_owner(projection: Projection, label: str, group_pk: int, owner: str) -> None:
    projection.add(
        OWNERS,
        label,
        row_id(group_pk, OWNER_OFFSET),
        OWNER_KEY + record_key(group_pk),
        STRING_KEY,
        STRING_VALUE,
        owner,
        0,
    )
