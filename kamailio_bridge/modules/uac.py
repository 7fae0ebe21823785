"""uac: registrations at carriers, and the credentials that answer their challenges.

Only the digest's HA1 is written, for every record: mixing plain passwords with HA1 makes Kamailio send wrong digests
(docs/kamailio-facts.md#ha1-or-password). The whole table is never reloaded, because that forgets every registration:
only changed records are refreshed or removed, one by one, so that no other account registers again
(docs/kamailio-facts.md#refreshing-registrations).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from carriers.snapshots.records import Carriers
from kamailio_bridge.modules.base import (
    KamailioModule,
    ModuleChanges,
    NodeNames,
    Projection,
    RegistrationCount,
    join_first,
)
from kamailio_bridge.modules.uac_records import (
    FEW,
    OWNERS_HASH_TABLE,
    RECORDS_HASH_TABLE,
    UacRecord,
    differs,
    dump_records,
    is_muted,
    records_of,
    reload_hash_table,
    remove,
    unregister,
)
from kamailio_bridge.modules.uac_rows import (
    FLAGS,
    OWNERS,
    RECORDS,
    changed_records,
    owners_of,
    project_accounts,
    registered_here,
    rows_by_key,
    spread_accounts,
    touched_records,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, Rpc
from kamailio_bridge.rows.marks import DISABLED_FLAG, RECORD_KEY
from kamailio_bridge.rows.types import Row


class UacModule(KamailioModule):
    name = "uac"
    tables = (RECORDS, OWNERS)
    reload_method = "uac.reg_refresh"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        return project_accounts(carriers, nodes)

    def spread(self, stored: Projection, nodes: NodeNames) -> Projection:
        return spread_accounts(stored, nodes)

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Refresh changed records, remove deleted ones, and switch on or off those whose owner changed."""
        rpc = node.rpc
        if changes is None or changes.tables[OWNERS].count:
            # First, because the node by itself switches on the records that it owns.
            reload_hash_table(rpc, OWNERS_HASH_TABLE)
        if changes is None or changes.tables[RECORDS].count:
            reload_hash_table(rpc, RECORDS_HASH_TABLE)
        look = _look(rpc, wanted, changes)
        rows, loaded = look.rows, look.loaded
        here = registered_here(wanted, node.name)
        changed = changed_records(changes.tables[RECORDS]) if changes is not None else set()
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
        now = records_of(rpc, switch_on)  # the node may have switched some on by itself meanwhile
        for key in sorted(switch_on):
            if key in now and now[key].is_off:
                rpc.call("uac.reg_enable", "l_uuid", key)
        owners = owners_of(wanted)
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
        rows, touched = rows_by_key(wanted), touched_records(changes)
        here, changed = registered_here(wanted, node.name), changed_records(changes.tables[RECORDS])
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
        touched = touched_records(changes) if changes is not None else set()
        if changes is None or len(touched) > FEW:
            return ["uac.reg_dump"]
        return [f"uac.reg_info l_uuid {key}" for key in sorted(touched)]

    def count_registrations(self, rpc: Rpc) -> RegistrationCount:
        own = [record for record in dump_records(rpc) if not record.is_off]
        return RegistrationCount(sum(record.is_registered for record in own), len(own))

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the records that changed, or all: refreshing a bad row reports success and does nothing."""
        look = _look(node.rpc, wanted, changes)
        rows, loaded = look.rows, look.loaded
        here = registered_here(wanted, node.name)
        wrong = {key for key in look.keys if differs(rows[key], loaded.get(key))}
        right = look.keys - wrong
        silent = [key for key in right & here if loaded[key].is_off]
        double = [key for key in right - here if not loaded[key].is_off]
        stray = [key for key in look.gone if key in loaded]
        problems = []
        if wrong:
            problems.append(
                f"Kamailio did not take the credential of {join_first(_labels(rows, wrong))}. Its log says why."
            )
        if stray:
            problems.append(f"Kamailio still holds the removed credentials {join_first(stray)}. Reload again.")
        if silent:
            problems.append(f"It should register {join_first(_labels(rows, silent))} but does not. Reload again.")
        if double:
            problems.append(f"It registers {join_first(_labels(rows, double))} but should not. Reload again.")
        return problems + (_name_problems(node) if owners_of(wanted) else [])


class _Look(NamedTuple):
    """The records to look at: their rows, what the node holds of them, and which of them are gone from the table."""

    rows: dict[str, Row]
    keys: set[str]
    loaded: dict[str, UacRecord]
    gone: list[str]


def _look(rpc: Rpc, wanted: Projection, changes: ModuleChanges | None) -> _Look:
    """Read the records that changed, or all when it is not known what the node holds."""
    rows = rows_by_key(wanted)
    touched = touched_records(changes) if changes is not None else None
    loaded = records_of(rpc, touched)
    if touched is None:
        touched = rows.keys() | {key for key in loaded if key.startswith(RECORD_KEY)}
    return _Look(rows, touched & rows.keys(), loaded, sorted(touched - rows.keys()))


def _labels(rows: dict[str, Row], keys: Iterable[str]) -> list[str]:
    return [rows[key].label for key in sorted(keys)]


def _name_problems(node: Node) -> list[str]:
    """Ask for the name by which the node finds its records after a restart; other configurations have none."""
    try:
        answer = node.rpc.call("pv.shvGet", "node")
    except CallFailed:
        return []
    name = answer.get("value") if isinstance(answer, dict) else None
    if name in (None, node.name):
        return []
    sentence = (
        f"It calls itself “{name}”, so after a restart it would register the wrong accounts: set"
        f" DSIPROUTER_NODE={node.name} in its environment and restart it."
    )
    return [sentence]
