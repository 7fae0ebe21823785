"""The prediction equals the answer of a real Kamailio, for random routes and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from carriers.models import CarrierGroup
from carriers.snapshots.records import Carriers, read_carriers
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.route_live import ask_route
from kamailio_bridge.questions.route_prediction import MAX_ATTEMPTS, Attempt, Prediction, predict
from kamailio_bridge.questions.route_tables import endpoint_names, predict_from_tables
from tests.kamailio_bridge.random_routes import RandomRoutes

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

SEED = 20_261_124
SETS = 24
NUMBERS = 24  # of each set


@pytest.fixture
def empty_afterwards(node: Node) -> Iterator[None]:
    yield
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


@pytest.mark.usefixtures("empty_afterwards")
def test_the_prediction_equals_kamailio_over_576_routes_and_numbers(node: Node) -> None:
    routes = RandomRoutes(SEED)
    kinds, reasons, pairs, outcomes = set(), set(), set(), set()
    for number_of_set in range(SETS):
        routes.replace()
        result = apply(author=None, nodes=[node], allow_empty=True)
        assert result.ok, result.sentence
        carriers = read_carriers()
        names = endpoint_names(carriers)
        for number in routes.numbers(NUMBERS):
            pbx, at = routes.caller()
            story = f"set {number_of_set}, number {number} of PBX {pbx} in minute {at} (seed {SEED})"
            predicted = predict(carriers, number, pbx, at=at)
            stored = predict_from_tables(number, names, pbx, at=at)
            live = ask_route(node, number, names, pbx, at=at)
            assert stored.attempts == predicted.attempts, story
            assert stored.prefix == predicted.prefix, story
            assert could_be(live.attempts, carriers, number, pbx, at), story
            if all(attempt.weight is None for attempt in predicted.attempts):
                assert live.attempts == predicted.attempts, story
            assert stored.outcome == predicted.outcome, story
            assert live.answer == predicted.outcome, story
            outcomes.add(predicted.outcome)
            if predicted.prefix is not None:
                assert_every_endpoint_is_spoken_of(carriers, predicted)
            kinds.add((predicted.prefix is None, len(predicted.attempts) == MAX_ATTEMPTS, bool(predicted.unused)))
            reasons |= {re.sub(r"\d+", "N", each.reason) for each in predicted.unused}
            pairs.add((number_of_set, number))
    assert len(pairs) >= 500
    assert kinds == {(False, False, False), (False, False, True), (False, True, True), (True, False, False)}
    assert len(reasons) == 9, f"not every reason came up: {reasons}"
    assert outcomes == {
        "",
        "404 no route",
        "503 no endpoint",
        "503 No carrier can take the call",
        "403 Forbidden",
        "603 Decline",
        "403 Not here: ask (us), please",
        "603 Not here: ask (us), please",
    }


def could_be(live: list[Attempt], carriers: Carriers, number: str, pbx: int | None, at: int) -> bool:
    """Say whether the answer is one that the prediction allows: a group that goes by weight begins anywhere."""
    prefix = predict(carriers, number, pbx, at=at).prefix
    route = next((route for route in carriers.outbound_routes if route.prefix == prefix), None)
    if route is None:
        return not live
    turned = {(): carriers}
    for count in range(1, len(route.groups) + 1):
        part = route._replace(groups=route.groups[:count])
        found = {}
        for begun in turned.values():
            for candidate in in_every_turn(begun, part.groups[-1]):
                attempts = predict(candidate._replace(outbound_routes=(part,)), number, pbx, at=at).attempts
                reported = tuple(map(without_place, attempts))
                if reported == tuple(map(without_place, live[: len(reported)])):
                    found[reported] = candidate
        turned = found
    return any(len(reported) == len(live) for reported in turned)


def in_every_turn(carriers: Carriers, pk: int) -> Iterator[Carriers]:
    """Yield the carriers with the group's endpoints in each order in which a call may find them."""
    group = carriers.groups[pk]
    endpoints = group.outbound_endpoints
    for start in range(max(1, len(endpoints))) if group.selection == "weight" else [0]:
        turned = group._replace(endpoints=endpoints[start:] + endpoints[:start])
        yield carriers._replace(groups={**carriers.groups, pk: turned})


def without_place(attempt: Attempt) -> Attempt:
    return replace(attempt, place=0)


def assert_every_endpoint_is_spoken_of(carriers: Carriers, prediction: Prediction) -> None:
    route = next(route for route in carriers.outbound_routes if route.prefix == prediction.prefix)
    endpoints = [endpoint.pk for pk in route.groups for endpoint in carriers.groups[pk].endpoints]
    spoken_of = [each.gwid for each in [*prediction.attempts, *prediction.unused]]
    assert sorted(spoken_of) == sorted(endpoints)
