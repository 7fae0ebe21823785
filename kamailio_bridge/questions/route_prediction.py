"""Where a dialled number would go: the attempts in order, what each carrier would receive, and why no others get it.

It follows the SIP side's rules (``kamailio/outbound.cfg``): the longest prefix of a route in force decides, if its
condition is met; its groups are tried in order, without those whose condition is not; of each group the first 29
endpoints are taken, by position or, in turn, by weight; each endpoint's own strip and prefix apply to the *dialled*
number; an endpoint whose strip leaves nothing of the number is passed over; after 29 attempts the call is given up.
Predictions by the carriers, by Kamailio's tables and answers of nodes have the same form, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils.text import capfirst

from carriers.labels import group_label, outbound_route_label, short_endpoint_names, short_route_in_sentence
from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord
from carriers.snapshots.route_records import OutboundRouteRecord
from carriers.snapshots.route_words import condition_name
from kamailio_bridge.modules import selected_modules
from kamailio_bridge.modules.policies.account import account_policy
from kamailio_bridge.modules.policies.number_formats import numbers_policy, plan_policy
from kamailio_bridge.questions.route_decision import Decision, decide
from kamailio_bridge.rows.condition_policies import condition_policies, is_met
from kamailio_bridge.rows.destination import Destination
from kamailio_bridge.rows.ids import row_id, set_id
from kamailio_bridge.rows.number_forms import to_e164
from kamailio_bridge.rows.route_entries import outbound_entry
from kamailio_bridge.rows.routes_in_force import Answer, calling_groups, sip_uri
from kamailio_bridge.rows.tree_entries import OUTBOUND

MAX_ATTEMPTS = 29  # of one call, and considered endpoints of one group (kamailio/outbound.cfg)


@dataclass(frozen=True)
class Attempt:
    """One try at one endpoint. ``gwid`` is the endpoint's id at Kamailio; ``credential`` the username, "" for none.

    ``steps`` says how the dialled number becomes the one that is sent, where a prediction knows it.
    ``place`` counts from 1; the endpoints of a group that is tried by weight share the place of the first of them.
    """

    place: int
    gwid: int
    group: str
    endpoint: str
    r_uri: str
    credential: str
    weight: int | None
    steps: str = field(default="", compare=False)

    @property
    def transport(self) -> str:
        return transport_of(self.r_uri)


@dataclass(frozen=True)
class Unused:
    """An endpoint that the call does not try, and why."""

    gwid: int
    group: str
    endpoint: str
    reason: str


@dataclass(frozen=True)
class Prediction:
    """``prefix`` is that of the route, None when no route matches; ``notes`` are sentences about other routes.

    ``answer`` is the route's own answer to the call, None if it leads to carriers.
    """

    number: str
    prefix: str | None
    attempts: list[Attempt] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def outcome(self) -> str:
        """Return the answer that the caller gets when no endpoint is tried, "" when one is."""
        if self.attempts:
            return ""
        if self.answer is not None:
            return str(self.answer)
        return "404 no route" if self.prefix is None else "503 no endpoint"

    @property
    def sentence(self) -> str:
        """Say in one sentence what happens to the call."""
        if self.prefix is None:
            return f"No outbound route matches {self.number}: the call is answered 404."
        route = short_route_in_sentence(self.prefix)
        if self.answer is not None and self.answer.refuses:
            return f"{self.number} is refused by {route}: {self.answer}."
        if self.answer is not None:
            return f"{self.number} takes {route}, but none of its carriers can take the call: it is answered 503."
        if not self.attempts:
            return f"{self.number} takes {route}, but no endpoint can take the number: the call is answered 503."
        return f"{self.number} takes {route}."


def transport_of(uri: str) -> str:
    """Return the transport of a SIP URI, UDP if it names none (RFC 3261, section 19.1.1)."""
    return uri.partition(";transport=")[2].partition(";")[0] or "udp"


def predict(carriers: Carriers, number: str, pbx: int | None = None, *, at: int | None = None) -> Prediction:
    """Say where ``number``, which is clean, would go if ``carriers`` were applied and the PBX ``pbx`` dialled it.

    ``at`` is the time in minutes since 1970, None for now.
    """
    minute = this_minute() if at is None else at
    plan = plan_policy(carriers.pbxs[pbx]) if pbx in carriers.pbxs else {}
    e164 = to_e164(plan, number)
    matching = _matching(carriers, number, e164)
    entries = {
        OUTBOUND + route.prefix: value for route in matching if (value := outbound_entry(carriers, route)) is not None
    }
    decision = decide(entries, number, e164, lambda condition: _is_met(carriers, condition, pbx, minute))
    notes = [f"The number plan makes it {e164}."] if e164 not in ("", number) else []
    notes += [note for route in matching for note in _notes_of(carriers, route, decision)]
    route = next((each for each in matching if each.prefix == decision.prefix), None)
    if route is None:
        return Prediction(number, None, notes=notes)
    if decision.answer is not None:
        return Prediction(number, route.prefix, [], _never_called(carriers, route, decision), notes, decision.answer)
    unused: list[Unused] = []
    sets = []
    for group in (carriers.groups[pk] for pk in route.groups if pk in carriers.groups):
        unused += _not_called(carriers, group, decision)
        if set_id(group.pk) not in decision.left_out:
            sets.append(_destinations(group))
    attempts, passed_over = try_sets(number, sets, e164=e164)
    unused += passed_over
    notes += [*_share_notes(carriers, route, decision), *_module_notes(number, sets)]
    return Prediction(number, route.prefix, attempts, unused, notes)


def minute_of(moment: datetime) -> int:
    """Return a time, which has a time zone, in minutes since 1970."""
    return int(moment.timestamp() // 60)


def this_minute() -> int:
    """Return the present time in minutes since 1970."""
    return minute_of(datetime.now(tz=UTC))


def _is_met(carriers: Carriers, condition: int, pbx: int | None, minute: int) -> bool:
    record = carriers.conditions.get(condition)
    return record is not None and is_met(condition_policies(record), pbx, minute)


def _matching(carriers: Carriers, number: str, e164: str) -> list[OutboundRouteRecord]:
    """Return the routes with a prefix of the number, the longest first: of its form as +E.164, then as dialled."""
    routes = [route for route in carriers.outbound_routes if number.startswith(route.prefix)]
    whole = [route for route in carriers.outbound_routes if route.prefix and e164.startswith(route.prefix)]
    found = [route for part in (whole, routes) for route in sorted(part, key=lambda route: -len(route.prefix))]
    return list(dict.fromkeys(found))


def _never_called(carriers: Carriers, route: OutboundRouteRecord, decision: Decision) -> list[Unused]:
    """Name the endpoints of a route that answers its calls itself, each with the reason."""
    groups = [carriers.groups[pk] for pk in route.groups if pk in carriers.groups]
    if route.refuse_code is not None:
        reason = "the route refuses its calls"
        return [
            Unused(row_id(endpoint.pk), group.name, name, reason)
            for group in groups
            for endpoint, name in named_endpoints(group)
        ]
    return [unused for group in groups for unused in _not_called(carriers, group, decision)]


def try_sets(
    number: str, sets: Iterable[list[Destination]], limit: int = MAX_ATTEMPTS, *, e164: str = ""
) -> tuple[list[Attempt], list[Unused]]:
    """Try the destinations of each set as the SIP side does; return the attempts, and the rest with the reasons."""
    attempts: list[Attempt] = []
    unused = []
    for destinations in sets:
        first = len(attempts) + 1
        for rank, destination in enumerate(destinations):
            in_group = len(attempts) - first + 1
            sent = destination.number_to_send(number, e164)
            reason = _reason_not_tried(destination, rank, len(attempts), sent, limit, in_group=in_group)
            if reason:
                unused.append(Unused(destination.gwid, destination.group, destination.endpoint, reason))
                continue
            place = len(attempts) + 1 if destination.weight is None else first
            attempts.append(
                Attempt(
                    place,
                    destination.gwid,
                    destination.group,
                    destination.endpoint,
                    request_uri(destination, sent),
                    destination.credential,
                    destination.weight,
                    _steps(destination, number, e164, sent),
                )
            )
    return attempts, unused


def _steps(destination: Destination, number: str, e164: str, sent: str) -> str:
    """Say how the dialled number becomes the one that is sent, "" if nothing changes it."""
    steps = [number]
    if number not in {e164, sent}:
        steps.append(e164)
    if sent != steps[-1]:
        steps.append(sent)
    if destination.strip:
        steps.append(f"strip {destination.strip}: {sent[destination.strip :]}")
    if destination.prefix:
        steps.append(f"prefix {destination.prefix}: {destination.prefix}{sent[destination.strip :]}")
    return " -> ".join(steps) if len(steps) > 1 else ""


def request_uri(destination: Destination, number: str) -> str:
    """Return the exact R-URI. A number sign is escaped in it (RFC 3261, section 25.1)."""
    user = (destination.prefix + number[destination.strip :]).replace("#", "%23")
    uri = f"sip:{destination.domain}" if destination.domain else destination.uri
    return uri.replace("sip:", f"sip:{user}@", 1)


def _reason_not_tried(
    destination: Destination, rank: int, attempts: int, number: str, limit: int, *, in_group: int
) -> str:
    if rank >= limit:
        turn = "" if destination.weight is None else "; selection by weight varies them from call to call"
        return f"a call looks at {limit} endpoints of a group at most{turn}"
    if destination.strip >= len(number):
        return f"strips {destination.strip} characters, and the number has {len(number)}"
    if attempts >= limit:
        return f"a call makes {limit} attempts at most"
    if destination.max_attempts is not None and in_group >= destination.max_attempts:
        return f"its group tries {destination.max_attempts} endpoints at most"
    return ""


def named_endpoints(group: GroupRecord) -> list[tuple[EndpointRecord, str]]:
    """Return the endpoints of a group, each with a name that distinguishes it from the others."""
    return list(zip(group.endpoints, short_endpoint_names(group.endpoints), strict=True))


def _destinations(group: GroupRecord) -> list[Destination]:
    return [
        _destination(group, endpoint, name)
        for endpoint, name in named_endpoints(group)
        if not _reason_not_called(group, endpoint)
    ]


def _destination(group: GroupRecord, endpoint: EndpointRecord, name: str) -> Destination:
    credential = group.credential
    return Destination(
        row_id(endpoint.pk),
        group.name,
        name,
        sip_uri(endpoint.host, endpoint.port, endpoint.transport),
        endpoint.strip,
        endpoint.prefix,
        credential.auth_username if credential is not None else "",
        endpoint.weight if group.selection == "weight" else None,
        group.max_attempts,
        account_policy(group).get("domain", ""),
        numbers_policy(group),
    )


def _not_called(carriers: Carriers, group: GroupRecord, decision: Decision) -> Iterator[Unused]:
    condition = decision.left_out.get(set_id(group.pk))
    for endpoint, name in named_endpoints(group):
        reason = _reason_not_called(group, endpoint)
        if not reason and condition is not None:
            reason = f"its condition {condition_name(carriers, condition)} is not met"
        if reason:
            yield Unused(row_id(endpoint.pk), group.name, name, reason)


def _reason_not_called(group: GroupRecord, endpoint: EndpointRecord) -> str:
    if not group.enabled:
        return "its carrier group is disabled"
    if not endpoint.enabled:
        return "disabled"
    return "" if endpoint.sends_outbound else "it only calls us"


def _notes_of(carriers: Carriers, route: OutboundRouteRecord, decision: Decision) -> Iterator[str]:
    """Say why a matching route is not the one that decides."""
    label = capfirst(outbound_route_label(route))
    if route.prefix == decision.prefix:
        return
    if not route.enabled:
        yield f"{label} matches too, but is disabled."
    elif outbound_entry(carriers, route) is None:
        names = [group_label(carriers.groups[pk]) for pk in route.groups if pk in carriers.groups]
        why = f"no calls can go to {' or '.join(names)}" if names else "it names no carrier group"
        yield f"{label} matches too, but {why}; it {_fall_through_in_words(decision)}."
    elif condition := decision.not_met.get(route.prefix):
        yield f"{label} matches too, but its condition {condition_name(carriers, condition)} is not met."
    elif route.prefix in decision.not_met:
        then = _fall_through_in_words(decision)
        yield f"{label} matches too, but its carrier groups are not for this call; it {then}."
    elif decision.prefix is not None:
        longer = short_route_in_sentence(decision.prefix)
        more = "is longer" if len(decision.prefix) > len(route.prefix) else "matches the whole number"
        yield f"{label} matches too, but {longer} {more}."


def _fall_through_in_words(decision: Decision) -> str:
    if decision.prefix is None:
        return "falls through, and no other route matches"
    return f"falls through to {short_route_in_sentence(decision.prefix)}"


def _share_notes(carriers: Carriers, route: OutboundRouteRecord, decision: Decision) -> Iterator[str]:
    """Say how calls are shared among the groups; the attempts are listed by position."""
    groups = [group for group in calling_groups(carriers, route) if set_id(group.pk) in decision.sets]
    shares = {group.name: route.share_of(group.pk) for group in groups}
    total = sum(shares.values())
    if total:
        parts = ", ".join(f"{100 * share / total:.0f} try {name} first" for name, share in shares.items() if share)
        yield f"Of 100 calls, {parts}. The others follow in the order below."


def _module_notes(number: str, sets: list[list[Destination]]) -> Iterator[str]:
    """Say how nodes differ that route by another module than our own configuration."""
    destinations = [destination for each in sets for destination in each]
    for module in selected_modules():
        yield from module.notes_on_call(number, destinations)
