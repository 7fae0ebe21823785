"""drouting: the same carriers for a Kamailio whose own configuration routes by drouting, as dSIPRouter's does.

Our own configuration does not use it. What a node has loaded can't be read back, because drouting's only RPC is its
reload, which reports success even while it drops whole lists (docs/kamailio-facts.md#rows-that-drouting-drops). So
whatever could make it drop one is refused or left out here. drouting tries gateways in order only, so a group selected
by weight is tried by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from carriers.labels import (
    group_label,
    inbound_route_label,
    outbound_route_label,
    pbx_label,
)
from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord, PBXRecord
from carriers.values.addresses import with_port
from kamailio_bridge.modules.base import KamailioModule, ModuleChanges, NodeNames, Projection, expect_text, join_first
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.rows.attrs import gateway_attrs, pbx_attrs
from kamailio_bridge.rows.destination import Destination
from kamailio_bridge.rows.ids import INBOUND_OFFSET, PBX_OFFSET, ROUTE_OFFSET, row_id
from kamailio_bridge.rows.marks import (
    GROUP_MARK,
    INBOUND_ROUTE_MARK,
    PBX_MARK,
    ROUTE_MARK,
    group_mark,
    inbound_route_mark,
    pbx_mark,
    route_mark,
)
from kamailio_bridge.rows.routes_in_force import (
    answering_routes,
    inbound_routes,
    inbound_routes_without_pbx,
    outbound_routes,
)
from kamailio_bridge.rows.types import Notice, Table, Values
from kamailio_bridge.tables.models import DrGateway, DrGwList, DrRule

MAX_GATEWAYS = 30  # of a list, for each call: docs/kamailio-facts.md#gateways-that-drouting-uses
LIST_WIDTH = 255
CARRIER_TYPE, PBX_TYPE = 8, 9
OUTBOUND_RULES, INBOUND_RULES = "8000", "9000"

GATEWAYS = Table(
    model=DrGateway,
    columns=("gwid", "type", "address", "strip", "pri_prefix", "attrs", "description"),
    ours=Q(type=CARRIER_TYPE, description__startswith=GROUP_MARK) | Q(type=PBX_TYPE, description__startswith=PBX_MARK),
)
LISTS = Table(
    model=DrGwList,
    columns=("id", "gwlist", "description"),
    ours=Q(description__startswith=GROUP_MARK)
    | Q(description__startswith=ROUTE_MARK)
    | Q(description__startswith=PBX_MARK),
)


def _leads_to_carrier(values: Values) -> bool:
    return values[_GROUPID] == OUTBOUND_RULES


RULES = Table(
    model=DrRule,
    columns=("ruleid", "groupid", "prefix", "timerec", "priority", "routeid", "gwlist", "description"),
    ours=Q(groupid=OUTBOUND_RULES, description__startswith=ROUTE_MARK)
    | Q(groupid=INBOUND_RULES, description__startswith=INBOUND_ROUTE_MARK),
    carries_calls=_leads_to_carrier,
)
_GROUPID = RULES.at("groupid")


class DroutingModule(KamailioModule):
    name = "drouting"
    tables = (GATEWAYS, LISTS, RULES)
    reload_method = "drouting.reload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            _add_group(projection, group)
        for pbx in carriers.pbxs.values():
            if pbx.enabled:
                _add_pbx(projection, pbx)
        for route, groups in outbound_routes(carriers):
            list_id = row_id(groups[0].pk)
            label = outbound_route_label(route)
            if len(groups) > 1:
                list_id = row_id(route.pk, ROUTE_OFFSET)
                endpoints = [endpoint for group in groups for endpoint in group.outbound_endpoints]
                gwlist = _gateway_list(projection, label, endpoints)
                projection.add(LISTS, label, list_id, gwlist, route_mark(route.pk))
            projection.add(
                RULES,
                label,
                row_id(route.pk),
                OUTBOUND_RULES,
                route.prefix,
                "",
                0,
                "",
                f"#{list_id}",
                route_mark(route.pk),
            )
        silent = [outbound_route_label(route) for route, _ in answering_routes(carriers)]
        silent += [inbound_route_label(route) for route, _ in inbound_routes_without_pbx(carriers)]
        if silent:
            text = (
                f"a node that routes by drouting can't answer calls itself, as {join_first(silent)} should: there the"
                " calls take a route with a shorter prefix, or get 404."
            )
            projection.warnings.append(Notice("drouting", text))
        for inbound, pbx in inbound_routes(carriers):
            projection.add(
                RULES,
                inbound_route_label(inbound),
                row_id(inbound.pk, INBOUND_OFFSET),
                INBOUND_RULES,
                inbound.prefix,
                "",
                0,
                "",
                f"#{row_id(pbx.pk, PBX_OFFSET)}",
                inbound_route_mark(inbound.pk),
            )
        return projection

    def follow_keys(self, projection: Projection, table: Table, moves: Mapping[int, int]) -> None:
        """Let lists refer to gateways, and rules to lists, by their new keys."""
        if table is GATEWAYS:
            place = LISTS.at("gwlist")
            for pk, row in projection.rows[LISTS].items():
                keys = [str(moves.get(int(key), key)) for key in str(row.values[place]).split(",")]
                projection.rows[LISTS][pk] = row.with_value(place, ",".join(_as_fits(keys)))
        elif table is LISTS:
            place = RULES.at("gwlist")
            for pk, row in projection.rows[RULES].items():
                list_id = int(str(row.values[place]).removeprefix("#"))
                projection.rows[RULES][pk] = row.with_value(place, f"#{moves.get(list_id, list_id)}")

    def notes_on_call(self, number: str, destinations: Sequence[Destination]) -> list[str]:
        """Say how a node that routes by drouting differs (docs/kamailio-facts.md#gateways-that-drouting-uses)."""
        notes = []
        too_long = [each for each in destinations[:MAX_GATEWAYS] if each.strip >= len(number)]
        if too_long:
            notes.append(
                f"A node that routes by drouting refuses this call with 404, because {too_long[0].endpoint} of"
                f" {too_long[0].group} strips {too_long[0].strip} characters and the number has {len(number)}."
            )
        beyond = destinations[MAX_GATEWAYS:]
        if beyond:
            notes.append(
                f"A node that routes by drouting uses the first {MAX_GATEWAYS} endpoints of a route, so not "
                + ", ".join(f"{each.endpoint} of {each.group}" for each in beyond[:5])
                + (f" and {len(beyond) - 5} more." if len(beyond) > 5 else ".")
            )
        if any(each.weight is not None for each in destinations):
            notes.append("A node that routes by drouting tries endpoints by position only.")
        return notes

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        """Reload. Only “reload ok” is success, because failures come as HTTP 200 too.

        See docs/kamailio-facts.md#drouting-reload.
        """
        answer = node.rpc.call(self.reload_method)
        return expect_text(self.reload_method, answer, lambda text: text == "reload ok")

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Find nothing: drouting has no RPC that shows what it loaded."""
        return []


def _add_group(projection: Projection, group: GroupRecord) -> None:
    endpoints = group.outbound_endpoints
    if not endpoints:
        return  # an empty list would silently remove every rule that names it
    mark = group_mark(group.pk)
    first = row_id(0)
    for endpoint in endpoints:
        key = first + endpoint.pk
        projection.add(
            GATEWAYS,
            (group, endpoint),
            key,
            CARRIER_TYPE,
            _address(endpoint.host, endpoint.port, endpoint.transport),
            endpoint.strip,
            endpoint.prefix.replace("#", "%23"),  # it is copied into the R-URI, which may not contain "#"
            gateway_attrs(key, group),
            mark,
        )
    gwlist = _gateway_list(projection, group_label(group), endpoints)
    projection.add(LISTS, group_label(group), row_id(group.pk), gwlist, mark)


def _add_pbx(projection: Projection, pbx: PBXRecord) -> None:
    key = row_id(pbx.pk, PBX_OFFSET)
    projection.add(
        GATEWAYS,
        pbx_label(pbx),
        key,
        PBX_TYPE,
        _address(pbx.host, pbx.port, pbx.transport),
        0,
        "",
        pbx_attrs(pbx.pk),
        pbx_mark(pbx.pk),
    )
    projection.add(LISTS, pbx_label(pbx), key, str(key), pbx_mark(pbx.pk))


def _address(host: str, port: int | None, transport: str) -> str:
    suffix = "" if transport == "udp" else f";transport={transport}"
    return f"{with_port(host, port)}{suffix}"


def _gateway_list(
    projection: Projection, label: str, endpoints: list[EndpointRecord] | tuple[EndpointRecord, ...]
) -> str:
    """Join the gateways' keys as far as drouting uses them and the column holds them."""
    first = row_id(0)
    keys = _as_fits(str(first + endpoint.pk) for endpoint in endpoints[:MAX_GATEWAYS])
    if len(keys) < len(endpoints):
        projection.warnings.append(
            Notice(
                label,
                f"has {len(endpoints)} endpoints; a node that routes by drouting uses only the first {len(keys)}.",
            )
        )
    return ",".join(keys)


def _as_fits(keys: Iterable[str]) -> list[str]:
    """Return the first keys, as many as the column of a list holds."""
    fitting = list(keys)
    while len(",".join(fitting)) > LIST_WIDTH:
        fitting.pop()
    return fitting
