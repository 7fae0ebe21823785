"""Which routes are in force, and what they come to: pure questions to the carriers that several modules ask."""

from __future__ import annotations

from collections.abc import Iterator

from carriers.addresses import host_ip, is_ipv4, uri_host
from carriers.snapshot import Carriers, GroupRecord, InboundRouteRecord, OutboundRouteRecord, PBXRecord


def sip_uri(host: str, port: int, transport: str) -> str:
    """Return ``sip:host:port``, with ``;transport=`` where it is not UDP. The port is written, so no SRV look-up."""
    suffix = "" if transport == "udp" else f";transport={transport}"
    return f"sip:{uri_host(host)}:{port}{suffix}"


def is_name(host: str) -> bool:
    """Say whether the host is a DNS name."""
    return not is_ipv4(host) and host_ip(host) is None


def calling_groups(carriers: Carriers, route: OutboundRouteRecord) -> list[GroupRecord]:
    """Return the route's groups that calls can go to, in order: enabled, with at least one endpoint for calls."""
    groups = [carriers.groups[pk] for pk in route.groups if pk in carriers.groups]
    return [group for group in groups if group.takes_calls]


def outbound_routes(carriers: Carriers) -> Iterator[tuple[OutboundRouteRecord, list[GroupRecord]]]:
    """Yield the outbound routes in force, each with the groups that calls can go to."""
    for route in carriers.outbound_routes:
        groups = calling_groups(carriers, route) if route.enabled else []
        if groups:
            yield route, groups


def inbound_routes(carriers: Carriers) -> Iterator[tuple[InboundRouteRecord, PBXRecord]]:
    """Yield the inbound routes in force, each with its PBX."""
    for route in carriers.inbound_routes:
        pbx = carriers.pbxs.get(route.pbx)
        if route.enabled and pbx is not None and pbx.enabled:
            yield route, pbx
