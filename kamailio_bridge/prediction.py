"""Where a dialled number would go: the attempts, in order, with the exact R-URI that each carrier would receive.

It follows the SIP side's rules (``kamailio/``): the longest prefix of a route in force decides; its groups are tried in
order, a group's endpoints by position or by weight; each endpoint's own strip and prefix apply to the *dialled* number;
an endpoint whose strip leaves nothing of the number is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from carriers.addresses import uri_host
from carriers.snapshot import Carriers, EndpointRecord, GroupRecord, OutboundRouteRecord
from kamailio_bridge.ids import row_id
from kamailio_bridge.routing import outbound_routes

NUMBER = re.compile(r"[0-9*#+]{1,64}")
MAX_ATTEMPTS = 29  # of one call; the SIP side answers 503 then (kamailio/outbound.cfg)


@dataclass(frozen=True)
class Attempt:
    """One try at one endpoint: ``gwid`` is the endpoint's id at Kamailio."""

    group: str
    endpoint: str
    r_uri: str
    gwid: int
    weight: int | None


@dataclass(frozen=True)
class Prediction:
    """The route's prefix (None when no route matches), the attempts, and the endpoints that are passed over."""

    number: str
    prefix: str | None
    attempts: list[Attempt]
    passed_over: list[str]


def predict(carriers: Carriers, number: str) -> Prediction:
    """Say where ``number`` would go if ``carriers`` were applied. Raises ``ValueError`` for what is no number."""
    if not NUMBER.fullmatch(number):
        raise ValueError("A number has 1 to 64 digits or characters * # +.")
    match = _longest(carriers, number)
    if match is None:
        return Prediction(number, None, [], [])
    route, groups = match
    attempts, passed_over = [], []
    for group in groups:
        for endpoint in group.outbound_endpoints:
            if endpoint.strip >= len(number):
                passed_over.append(
                    f"{_name(endpoint)} of {group.name}: it strips {endpoint.strip} characters of {len(number)}"
                )
            else:
                attempts.append(_attempt(group, endpoint, number))
    passed_over += [
        f"{attempt.endpoint} of {attempt.group}: a call makes at most {MAX_ATTEMPTS} attempts"
        for attempt in attempts[MAX_ATTEMPTS:]
    ]
    return Prediction(number, route.prefix, attempts[:MAX_ATTEMPTS], passed_over)


def _longest(carriers: Carriers, number: str) -> tuple[OutboundRouteRecord, list[GroupRecord]] | None:
    matching = [entry for entry in outbound_routes(carriers) if number.startswith(entry[0].prefix)]
    return max(matching, key=lambda entry: len(entry[0].prefix), default=None)


def _attempt(group: GroupRecord, endpoint: EndpointRecord, number: str) -> Attempt:
    suffix = "" if endpoint.transport == "udp" else f";transport={endpoint.transport}"
    user = (endpoint.prefix + number[endpoint.strip :]).replace("#", "%23")  # escaped in a URI (RFC 3261, section 25.1)
    return Attempt(
        group.name,
        _name(endpoint),
        f"sip:{user}@{uri_host(endpoint.host)}:{endpoint.port}{suffix}",
        row_id(endpoint.pk),
        endpoint.weight if group.selection == "weight" else None,
    )


def _name(endpoint: EndpointRecord) -> str:
    return endpoint.name or f"{uri_host(endpoint.host)}:{endpoint.port}"
