"""Shares of a route: how many calls each carrier group gets first, and where those go that it does not take."""

from __future__ import annotations

import pytest

from carriers.models import OutboundRouteGroup
from kamailio_bridge.questions.route_live import ask_route
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to
from tests.e2e.sip.incoming import answer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]
CALLS = 400  # 10 % of them are more than four standard deviations
AT_ONCE = 50


def test_calls_are_shared_and_fail_over_by_position(scene: Scene) -> None:
    carriers = [scene.carrier(answer(486)) for _ in range(3)]
    groups = [scene.group(name, to(carrier)) for name, carrier in zip("ABC", carriers, strict=True)]
    route = scene.route("", *groups)
    shares = {"B": 70, "C": 30}  # the first has none
    for entry in OutboundRouteGroup.objects.filter(route=route).select_related("group"):
        entry.share = shares.get(entry.group.name)
        entry.full_clean()
        entry.save()
    scene.apply()
    for burst in range(0, CALLS, AT_ONCE):
        calls = [scene.dial(f"4930{number}") for number in range(burst, burst + AT_ONCE)]
        assert {call.wait().code for call in calls} == {486}
    first, second, third = (len(carrier.invites) for carrier in carriers)
    assert (first, second + third) == (0, CALLS)
    assert abs(second - 0.7 * CALLS) <= 0.1 * CALLS, (second, third)

    # The others follow by position, each once.
    for carrier in carriers[1:]:
        carrier.behaviour = answer(503)
    before = [len(carrier.invites) for carrier in carriers]
    assert scene.dial("49301").wait().code == 486
    assert len(carriers[0].invites) == before[0] + 1
    carriers[0].behaviour = answer(503)
    before = [len(carrier.invites) for carrier in carriers]
    assert scene.dial("49302").wait().code == 503
    assert [len(carrier.invites) for carrier in carriers] == [count + 1 for count in before]

    # The route test lists the groups by position, and each of its answers says the same.
    test = route_test("49301", live=True, nodes=[scene.node])
    assert [attempt.group for attempt in ask_route(scene.node, "49301", {}).attempts] == ["unknown"] * 3
    assert not any(line.differs for line in test.lines)
    assert [line.group for line in test.lines] == ["A", "B", "C"]
    assert "Of 100 calls, 70 try B first, 30 try C first. The others follow in the order below." in test.notes
