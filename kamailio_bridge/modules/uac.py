"""uac: registrations at carriers, and the credentials that answer their challenges.

Only the digest's HA1 is written, for every record: mixing plain passwords with HA1 makes Kamailio send wrong digests
(facts, section 7). The whole table is never reloaded, because that forgets every registration: each changed record is
refreshed or removed alone, so that nobody else re-registers.
"""

from __future__ import annotations

import time
from typing import Any

from django.db.models import Q

from carriers.snapshot import Carriers, CredentialRecord, GroupRecord
from kamailio_bridge.ids import row_id
from kamailio_bridge.labels import group_label
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, Projection, as_list, some
from kamailio_bridge.routing import sip_uri
from kamailio_bridge.rows import Notice, Row, Table
from kamailio_bridge.rpc import CallFailed, InvalidAnswer, Rpc
from kamailio_bridge.tables import Uacreg

DISABLED_FLAG = 1  # the record answers challenges but does not register
REGISTERED_STATE = 4  # bit of the flags that Kamailio shows
LOCAL_DOMAIN = "dsiprouter.invalid"  # where uac_reg_lookup would send an inbound call; our SIP side routes it itself
UNREGISTER_PATIENCE = 2.0  # seconds that a carrier gets to answer the end of a registration before we go on

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
    ours=Q(l_uuid__startswith="carrier-"),
    exclusive=("l_uuid", "l_username"),
)
# What reg_info shows of a record, by the column that it comes from. Flags and times are state there, not settings.
_SHOWN = ("l_username", "l_domain", "r_username", "r_domain", "realm", "auth_username", "auth_ha1", "auth_proxy")


def record_key(group_pk: int) -> str:
    """Return the ``l_uuid`` of a carrier group's record, which is also the user of its Contact."""
    return f"carrier-{group_pk}"


class UacModule(KamailioModule):
    name = "uac"
    tables = (RECORDS,)
    reload_method = "uac.reg_refresh"

    def project(self, carriers: Carriers) -> Projection:
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if not group.enabled or group.credential is None:
                continue
            if group.credential.ha1 is None:
                projection.warnings.append(
                    Notice(
                        group_label(group),
                        "has a password that can't be decrypted with the present key, so it neither registers nor"
                        " answers challenges: enter the password again.",
                    )
                )
                continue
            _add_record(projection, group, group.credential, group.credential.ha1)
        return projection

    def reload(self, rpc: Rpc, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Refresh the records that changed and remove those that went, and no other."""
        rows = {str(row.values[1]): row for row in wanted.rows[RECORDS].values()}
        if changes is None:
            loaded = {str(record["l_uuid"]): record for record in dump_records(rpc)}
            refresh = [key for key, row in rows.items() if differs(row, loaded.get(key))]
            remove = [key for key in loaded if key.startswith("carrier-") and key not in rows]
        else:
            table = changes.tables[RECORDS]
            changed = [*table.adds.values(), *(row for _, row in table.updates.values())]
            refresh = [str(row.values[1]) for row in changed]
            gone = [*table.deletes.values(), *(before for before, _ in table.updates.values())]
            remove = [str(values[1]) for values in gone if values[1] not in rows]
        ended = [key for key in refresh if rows[key].values[12] == DISABLED_FLAG]
        _unregister(rpc, [*remove, *ended])
        for key in remove:
            _remove(rpc, key)
        for key in refresh:
            rpc.call(self.reload_method, key)
        return f"{len(refresh)} refreshed, {len(remove)} removed"

    def verify(self, rpc: Rpc, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the records that changed, or all of them; a refresh of a bad row says yes and does nothing."""
        rows = {str(row.values[1]): row for row in wanted.rows[RECORDS].values()}
        if changes is None:
            loaded = {str(record["l_uuid"]): record for record in dump_records(rpc)}
            wrong = [row.label for key, row in rows.items() if differs(row, loaded.get(key))]
            stray = [key for key in loaded if key.startswith("carrier-") and key not in rows]
        else:
            table = changes.tables[RECORDS]
            changed = [*table.adds.values(), *(row for _, row in table.updates.values())]
            wrong = [row.label for row in changed if differs(row, _info(rpc, str(row.values[1])))]
            gone = {str(values[1]) for values in table.deletes.values()} - rows.keys()
            stray = [key for key in gone if _info(rpc, key) is not None]
        problems = []
        if wrong:
            problems.append(f"Kamailio did not take the credential of {some(wrong)}. Its log says why.")
        if stray:
            problems.append(f"Kamailio still holds the removed credentials {some(sorted(stray))}. Reload again.")
        return problems


def _add_record(projection: Projection, group: GroupRecord, credential: CredentialRecord, ha1: str) -> None:
    projection.add(
        RECORDS,
        group_label(group),
        row_id(group.pk),
        record_key(group.pk),
        record_key(group.pk),
        LOCAL_DOMAIN,
        credential.username,
        credential.registrar,
        credential.realm,
        credential.auth_username,
        "",
        ha1,
        sip_uri(credential.registrar, credential.port, credential.transport),
        credential.expires,
        0 if credential.register else DISABLED_FLAG,
        0,
        "",
        "",
    )


def dump_records(rpc: Rpc) -> list[dict[str, Any]]:
    """Return all records of a node, digests included: never pass them on to people."""
    records = as_list(rpc.call("uac.reg_dump"))
    if not all(isinstance(record, dict) and "l_uuid" in record for record in records):
        raise InvalidAnswer("uac.reg_dump: the node answered in a form that this product does not know.")
    return records


def _info(rpc: Rpc, key: str) -> dict[str, Any] | None:
    try:
        record = rpc.call("uac.reg_info", "l_uuid", key)
    except CallFailed as failure:
        if failure.code == 404:
            return None
        raise
    if not isinstance(record, dict):
        raise InvalidAnswer("uac.reg_info: the node answered in a form that this product does not know.")
    return record


def differs(row: Row, record: dict[str, Any] | None) -> bool:
    """Say whether the node's record is missing or other than its row."""
    if record is None:
        return True
    values = dict(zip(RECORDS.columns, row.values, strict=True))
    return any(record.get(column) != values[column] for column in _SHOWN)


def _remove(rpc: Rpc, key: str) -> None:
    try:
        rpc.call("uac.reg_remove", key)
    except CallFailed as failure:
        if failure.code != 404:  # not there: nothing to remove
            raise


def _unregister(rpc: Rpc, keys: list[str]) -> None:
    """End the registrations at the carriers (Expires 0), and give the carriers a moment to answer.

    Without it a carrier would go on sending calls to a group that is gone until the registration runs out.
    """
    pending = set()
    for key in keys:
        record = _info(rpc, key)
        if record is not None and int(record.get("flags", 0)) & REGISTERED_STATE:
            rpc.call("uac.reg_unregister", "l_uuid", key)
            pending.add(key)
    deadline = time.monotonic() + UNREGISTER_PATIENCE
    while pending and time.monotonic() < deadline:
        time.sleep(0.05)
        pending = {key for key in pending if _still_registered(_info(rpc, key))}


def _still_registered(record: dict[str, Any] | None) -> bool:
    return record is not None and bool(int(record.get("flags", 0)) & REGISTERED_STATE)
