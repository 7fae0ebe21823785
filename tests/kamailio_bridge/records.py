"""Carriers as plain records, made without a database; values that a test does not set have sensible defaults."""

from __future__ import annotations

from typing import Any

from carriers.snapshots.records import Carriers, CredentialRecord, EndpointRecord, GroupRecord, PBXRecord, SourceRecord
from carriers.snapshots.route_records import ConditionRecord, InboundRouteRecord, OutboundRouteRecord

HA1 = "0123456789abcdef0123456789abcdef"


def endpoint(pk: int, host: str = "203.0.113.7", **values: Any) -> EndpointRecord:
    defaults: dict[str, Any] = {
        "name": "",
        "port": 5060,
        "transport": "udp",
        "strip": 0,
        "prefix": "",
        "direction": "both",
        "weight": 50,
        "enabled": True,
    }
    return EndpointRecord(pk=pk, host=host, **{**defaults, **values})


def group(pk: int, *endpoints: EndpointRecord, **values: Any) -> GroupRecord:
    defaults: dict[str, Any] = {
        "name": f"Carrier {pk}",
        "enabled": True,
        "selection": "position",
        "sources": (),
        "credential": None,
    }
    return GroupRecord(pk=pk, endpoints=endpoints, **{**defaults, **values})


def credential(pk: int, **values: Any) -> CredentialRecord:
    defaults: dict[str, Any] = {
        "username": "1000",
        "auth_username": "1000",
        "ha1": HA1,
        "registrar": "sip.acme.example",
        "port": 5060,
        "transport": "udp",
        "realm": "sip.acme.example",
        "register": True,
        "expires": 3600,
    }
    return CredentialRecord(pk=pk, **{**defaults, **values})


def pbx(pk: int, *networks: str, **values: Any) -> PBXRecord:
    defaults: dict[str, Any] = {
        "name": f"PBX {pk}",
        "enabled": True,
        "host": "192.0.2.9",
        "port": 5060,
        "transport": "udp",
    }
    return PBXRecord(pk=pk, sources=sources(*networks, first=100 * pk), **{**defaults, **values})


def sources(*networks: str, first: int = 1) -> tuple[SourceRecord, ...]:
    return tuple(SourceRecord(first + index, network) for index, network in enumerate(networks))


def outbound(pk: int, prefix: str, *groups: int, enabled: bool = True, **values: Any) -> OutboundRouteRecord:
    return OutboundRouteRecord(pk, prefix, enabled, groups, **values)


def inbound(pk: int, prefix: str, pbx_pk: int, *, enabled: bool = True, **values: Any) -> InboundRouteRecord:
    return InboundRouteRecord(pk, prefix, enabled, pbx_pk, **values)


def carriers(*things: Any) -> Carriers:
    """Put groups, PBXs, conditions and routes together, each sorted into its place by its kind."""

    def of(kind: type) -> list[Any]:
        return [thing for thing in things if isinstance(thing, kind)]

    return Carriers(
        groups={thing.pk: thing for thing in of(GroupRecord)},
        pbxs={thing.pk: thing for thing in of(PBXRecord)},
        outbound_routes=tuple(of(OutboundRouteRecord)),
        inbound_routes=tuple(of(InboundRouteRecord)),
        conditions={thing.pk: thing for thing in of(ConditionRecord)},
    )
