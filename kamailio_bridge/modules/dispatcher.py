"""dispatcher: a carrier group is a set of destinations, an endpoint is a destination.

``attrs`` have what the SIP side needs at each attempt: the endpoint's key, its strip and prefix, the credential of
its group, and its weight. An empty value is left out, because Kamailio could drop the whole row
(docs/kamailio-facts.md#bad-destinations).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from carriers.labels import pbx_label
from carriers.snapshots.records import Carriers, PBXRecord
from carriers.values.address_lists import ListedAddress, addresses_in
from kamailio_bridge.modules.acceptance import accept_dispatcher
from kamailio_bridge.modules.acceptance.accepted import Handler
from kamailio_bridge.modules.base import (
    INCOMPLETE,
    KamailioModule,
    Loaded,
    ModuleChanges,
    NodeNames,
    Projection,
    expect_text,
    join_first,
    patient_reload,
)
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed, Rpc, parsing_answer
from kamailio_bridge.rows.attrs import endpoint_attrs, pbx_attrs, split_attrs
from kamailio_bridge.rows.ids import BACKUP_OFFSET, PBX_OFFSET, further_row_id, pbx_set_id, row_id, set_id
from kamailio_bridge.rows.marks import GROUP_MARK, PBX_MARK, group_mark, pbx_mark
from kamailio_bridge.rows.routes_in_force import is_dns_name, sip_uri
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Row, Table, Values
from kamailio_bridge.tables.models import Dispatcher

HIGHEST_PRIORITY = 10_000  # of the first endpoint; algorithm 8 tries higher numbers first
SKIP_DNS_AT_LOAD = 16  # dispatcher flag: a name is looked up per call, so a dead one costs a call and not a reload


def _leads_to_carrier(values: Values) -> bool:
    return str(values[_DESCRIPTION]).startswith(GROUP_MARK)


DESTINATIONS = Table(
    model=Dispatcher,
    columns=("id", "setid", "destination", "flags", "priority", "attrs", "description"),
    ours=Q(description__startswith=GROUP_MARK) | Q(description__startswith=PBX_MARK),
    exclusive=("setid",),
    moved_by_base=frozenset({"setid"}),
    carries_calls=_leads_to_carrier,
)
_SETID, _URI, _PRIORITY = map(DESTINATIONS.at, ("setid", "destination", "priority"))
_ATTRS, _DESCRIPTION = map(DESTINATIONS.at, ("attrs", "description"))


class DispatcherModule(KamailioModule):
    name = "dispatcher"
    tables = (DESTINATIONS,)
    reload_method = "dispatcher.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        first = row_id(0)
        for group in carriers.groups.values():
            set_pk, mark = set_id(group.pk), group_mark(group.pk)
            for rank, endpoint in enumerate(group.outbound_endpoints):
                key = first + endpoint.pk
                projection.add(
                    DESTINATIONS,
                    (group, endpoint),
                    key,
                    set_pk,
                    sip_uri(endpoint.host, endpoint.port, endpoint.transport),
                    SKIP_DNS_AT_LOAD if is_dns_name(endpoint.host) else 0,
                    HIGHEST_PRIORITY - rank,
                    endpoint_attrs(key, group, endpoint),
                    mark,
                )
        for pbx in carriers.pbxs.values():
            if pbx.enabled:
                _add_pbx(projection, pbx)
        return projection

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Reload all sets. If a row can't be loaded, the answer is a failure, although the others are in force."""
        try:
            answer = patient_reload(node.rpc, self.reload_method)
        except CallFailed as failure:
            if failure.message != "Reload Failed":
                raise
            return f"reloaded, {INCOMPLETE}"  # verify names those of ours, foreign_faults the others
        return expect_text(self.reload_method, answer, lambda text: "successfully reloaded" in text)

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return ["dispatcher.list"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        rows = wanted.rows[DESTINATIONS]
        expected: dict[tuple[Any, ...], Row] = {}
        sets = set()
        for row in rows.values():
            expected[_listed(row.values)] = row  # as dispatcher.list shows it
            sets.add(row.values[_SETID])
        if changes is not None:
            sets |= {values[_SETID] for values in changes.tables[DESTINATIONS].deletes.values()}
        loaded = {entry for entry in _destinations(node.rpc) if entry[0] in sets}
        problems = []
        missing = [expected[entry] for entry in expected.keys() - loaded]
        if missing:
            problems.append(
                "Kamailio did not load "
                + join_first(
                    f"{row.label} (dispatcher row {row.pk}, {row.values[_URI]})" for row in sorted(missing, key=_pk)
                )
                + ": check these addresses; IPv6 addresses need a node that listens on IPv6, and a SIP socket that they"
                " name must be one of the node's."
            )
        # Sets of ours into which another program has put destinations, too.
        shared = wanted.shared.get(DESTINATIONS, set())
        stray = sorted(entry for entry in loaded - expected.keys() if entry[0] not in shared)
        if stray:
            problems.append(
                "Kamailio still has destinations that are no longer configured: "
                + join_first(f"{uri} in set {setid}" for setid, uri, _, _ in stray)
                + ". Press Reload Kamailio again."
            )
        return problems

    def unread(self, wanted: Projection) -> str:
        """Name what has a socket of its own; a node that routes by drouting has no choice of sockets."""
        named = (
            row for row in wanted.rows[DESTINATIONS].values() if "sockname" in split_attrs(str(row.values[_ATTRS]))
        )
        labels = join_first(dict.fromkeys(row.owner for row in named))
        if not labels:
            return ""
        return f"It does not read the SIP sockets of {labels}, because it does not route by dispatcher."

    def ask_what_is_loaded(self, rpc: Rpc) -> Loaded:
        return frozenset((setid, uri) for setid, uri, _, _ in _destinations(rpc))

    def accept_handler(self, row: RowDrift) -> Handler | None:
        return accept_dispatcher.handler_of(row)

    def foreign_faults(self, loaded: Loaded) -> list[str]:
        """Name the rows that the node did not load."""
        foreign = Dispatcher.objects.exclude(DESTINATIONS.ours).order_by("pk")
        return [
            f"row {pk} of the table dispatcher (set {setid}, “{destination}”) could not be loaded: put its"
            " destination and attributes right or remove it."
            for pk, setid, destination in foreign.values_list("pk", "setid", "destination")
            if (setid, destination) not in loaded
        ]


def _add_pbx(projection: Projection, pbx: PBXRecord) -> None:
    """Add the address of a PBX and its backup addresses."""
    addresses = [ListedAddress(pbx.host, pbx.port, pbx.transport), *addresses_in(pbx.backup_addresses)]
    for rank, address in enumerate(addresses):
        projection.add(
            DESTINATIONS,
            f"{pbx_label(pbx)}, backup address {rank}" if rank else pbx_label(pbx),
            further_row_id(pbx.pk, rank, BACKUP_OFFSET) if rank else row_id(pbx.pk, PBX_OFFSET),
            pbx_set_id(pbx.pk),
            sip_uri(address.host, address.port, address.transport),
            SKIP_DNS_AT_LOAD if is_dns_name(address.host) else 0,
            HIGHEST_PRIORITY - rank,
            pbx_attrs(pbx.pk, pbx.socket),
            pbx_mark(pbx.pk),
        )


def _listed(values: Values) -> tuple[Any, ...]:
    """Return the columns of a row that ``dispatcher.list`` shows, in the order of ``_destinations``."""
    return values[_SETID], values[_URI], values[_PRIORITY], values[_ATTRS]


def _pk(row: Any) -> int:
    return int(row.pk)


def _destinations(rpc: Rpc) -> Iterator[tuple[Any, ...]]:
    try:
        answer = rpc.call("dispatcher.list")
    except CallFailed as failure:
        if failure.message == "No Destination Sets":  # empty, not broken: docs/kamailio-facts.md#rpc-methods-and-lists
            return
        raise
    with parsing_answer("dispatcher.list"):
        for record in answer["RECORDS"]:
            set_pk = int(record["SET"]["ID"])
            for target in record["SET"]["TARGETS"]:
                destination = target["DEST"]
                attrs = destination["ATTRS"].get("BODY", "") if "ATTRS" in destination else ""
                yield set_pk, str(destination["URI"]), int(destination["PRIORITY"]), str(attrs)
