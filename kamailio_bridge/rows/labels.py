"""How objects are called in sentences for the operator."""

from __future__ import annotations

from carriers.snapshots.records import EndpointRecord, GroupRecord, InboundRouteRecord, OutboundRouteRecord, PBXRecord
from carriers.values.addresses import uri_host


def group_label(group: GroupRecord) -> str:
    return f"carrier group “{group.name}”"


def endpoint_label(group: GroupRecord, endpoint: EndpointRecord) -> str:
    address = f"{uri_host(endpoint.host)}:{endpoint.port}"
    named = f"“{endpoint.name}” ({address})" if endpoint.name else address
    return f"carrier group “{group.name}”, endpoint {named}"


def pbx_label(pbx: PBXRecord) -> str:
    return f"PBX “{pbx.name}”"


def outbound_route_label(route: OutboundRouteRecord) -> str:
    return f"outbound route {route.prefix}" if route.prefix else "outbound default route"


def inbound_route_label(route: InboundRouteRecord) -> str:
    return f"inbound route {route.prefix}" if route.prefix else "inbound route for every other number"
