"""The routes in force and their destinations, as pure functions of the carriers.

A route in force leads to carrier groups, or answers its calls itself. The longest matching prefix of those decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from carriers.refusals import reason_of
from carriers.snapshots.records import Carriers, GroupRecord, PBXRecord
from carriers.snapshots.route_records import InboundRouteRecord, OutboundRouteRecord
from carriers.values.addresses import host_ip, is_ipv4, with_port


class Answer(NamedTuple):
    """The SIP answer that a route gives itself. ``refuses``: by the operator's choice, not for lack of a carrier."""

    code: int
    reason: str
    refuses: bool = True

    def __str__(self) -> str:
        return f"{self.code} {self.reason}"


NO_CARRIER = Answer(503, "No carrier can take the call", refuses=False)


def sip_uri(host: str, port: int | None, transport: str) -> str:
    """Return ``sip:host:port``, with ``;transport=`` where it is not UDP. A port prevents NAPTR and SRV look-ups."""
    suffix = "" if transport == "udp" else f";transport={transport}"
    return f"sip:{with_port(host, port)}{suffix}"


def is_dns_name(host: str) -> bool:
    """Return whether the host is a DNS name."""
    return not is_ipv4(host) and host_ip(host) is None


def calling_groups(carriers: Carriers, route: OutboundRouteRecord) -> list[GroupRecord]:
    """Return the route's groups that calls can go to, in order: enabled, with at least one endpoint for calls."""
    groups = [carriers.groups[pk] for pk in route.groups if pk in carriers.groups]
    return [group for group in groups if group.takes_calls]


def answer_of(carriers: Carriers, route: OutboundRouteRecord) -> Answer | None:
    """Return the answer that an enabled route gives its calls itself; None if it leads to carriers or falls through."""
    if route.refuse_code is not None:
        return Answer(route.refuse_code, reason_of(route.refuse_code, route.refuse_reason))
    return None if route.fall_through or calling_groups(carriers, route) else NO_CARRIER


def outbound_routes(carriers: Carriers) -> Iterator[tuple[OutboundRouteRecord, list[GroupRecord]]]:
    """Yield the outbound routes in force that lead to carriers, each with the groups that calls can go to."""
    for route in carriers.outbound_routes:
        groups = calling_groups(carriers, route) if route.enabled and route.refuse_code is None else []
        if groups:
            yield route, groups


def answering_routes(carriers: Carriers) -> Iterator[tuple[OutboundRouteRecord, Answer]]:
    """Yield the outbound routes in force that answer their calls themselves, each with the answer."""
    for route in carriers.outbound_routes:
        answer = answer_of(carriers, route) if route.enabled else None
        if answer is not None:
            yield route, answer


def inbound_routes(carriers: Carriers) -> Iterator[tuple[InboundRouteRecord, PBXRecord]]:
    """Yield the inbound routes in force that lead to a PBX, each with it."""
    for route in carriers.inbound_routes:
        pbx = carriers.pbxs.get(route.pbx)
        if route.enabled and pbx is not None and pbx.enabled:
            yield route, pbx


def inbound_routes_without_pbx(carriers: Carriers) -> Iterator[tuple[InboundRouteRecord, PBXRecord]]:
    """Yield the inbound routes in force whose PBX is disabled: they answer their calls themselves."""
    for route in carriers.inbound_routes:
        pbx = carriers.pbxs.get(route.pbx)
        if route.enabled and pbx is not None and not pbx.enabled and not route.fall_through:
            yield route, pbx


def longest_prefix(number: str, prefixes: Iterable[str]) -> str | None:
    """Return the longest of the prefixes that ``number`` begins with, None if there is none."""
    known = prefixes if isinstance(prefixes, (set, dict)) else set(prefixes)
    return next((number[:length] for length in range(len(number), -1, -1) if number[:length] in known), None)
