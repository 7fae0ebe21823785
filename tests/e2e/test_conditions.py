"""Routes for some calls only: by PBX and by time, and inbound routes by carrier."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from carriers.models import (
    PBX,
    CarrierGroup,
    Condition,
    ConditionPBX,
    InboundRoute,
    InboundRouteCarrier,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from carriers.values.time_zones import time_zone
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.incoming import answer

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]
ZONE = "Australia/Lord_Howe"  # half an hour of daylight saving time


def second_pbx(scene: Scene) -> tuple[UserAgent, PBX]:
    agent = scene.carrier(address="127.30.9.2")
    row = PBX.objects.create(name="branch", host=agent.address, port=agent.port)
    SourceNetwork.objects.create(pbx=row, network=f"{agent.address}/32")
    return agent, row


def condition(name: str, *pbxs: PBX, **values: object) -> Condition:
    found = Condition(name=name, any_pbx=not pbxs, **values)
    found.full_clean()
    found.save()
    for pbx in pbxs:
        ConditionPBX.objects.create(condition=found, pbx=pbx)
    return found


def limit(route: OutboundRoute, group: CarrierGroup, only_if: Condition) -> None:
    OutboundRouteGroup.objects.filter(route=route, group=group).update(condition=only_if)


def test_calls_take_the_routes_that_are_for_them(scene: Scene) -> None:
    branch, branch_row = second_pbx(scene)
    carriers = [scene.carrier(answer(486)) for _ in range(3)]
    first, second, third = (scene.group(name, to(each)) for name, each in zip("ABC", carriers, strict=True))
    today = datetime.now(tz=UTC).astimezone(time_zone(ZONE))
    now = condition("now", hours=f"{today:%a} 00:00-24:00", time_zone=ZONE)
    later = condition("later", hours=f"{today:%a} 00:00-24:00", outside=True, time_zone=ZONE)
    holiday = condition("no holiday", holidays=f"{today:%Y-%m-%d}", time_zone=ZONE)

    # The default route goes to another carrier for each PBX.
    default = scene.route("", first, second)
    limit(default, first, condition("office", scene.pbx_row))
    limit(default, second, condition("branch", branch_row))
    # These are for no call now, so that a shorter prefix gets it.
    for prefix, only_if in (("49", later), ("492", holiday)):
        route = scene.route(prefix, third)
        OutboundRoute.objects.filter(pk=route.pk).update(condition=only_if)
    # Of these, one refuses calls now, and one has no carrier for them.
    OutboundRoute.objects.create(prefix="900", refuse_code=403, condition=now)
    limit(scene.route("800", third), third, later)
    limit(scene.route("33", third), third, now)
    scene.apply()

    def answers(pbx: UserAgent, number: str) -> tuple[int, list[int]]:
        before = [len(each.invites) for each in carriers]
        code = pbx.call(number, scene.proxy).wait().code
        return code, [len(each.invites) - count for each, count in zip(carriers, before, strict=True)]

    for number in ("1", "4930", "4920"):
        assert answers(scene.pbx, number) == (486, [1, 0, 0]), number
        assert answers(branch, number) == (486, [0, 1, 0]), number
    assert answers(scene.pbx, "9001") == (403, [0, 0, 0])
    assert answers(scene.pbx, "8001") == (503, [0, 0, 0])
    assert answers(branch, "331") == (486, [0, 0, 1])
    OutboundRoute.objects.filter(prefix="800").update(fall_through=True)
    scene.apply()
    assert answers(scene.pbx, "8001") == (486, [1, 0, 0])

    test = route_test("4930", live=True, nodes=[scene.node], pbx=branch_row.pk)
    assert not test.differs
    assert [attempt.group for attempt in test.columns[0].attempts] == ["B"]
    assert "Outbound route 49 matches too, but its condition “later” is not met." in test.notes
    assert scene.errors() == []


def test_inbound_calls_by_carrier(scene: Scene) -> None:
    branch, branch_row = second_pbx(scene)
    carriers = [scene.carrier(), scene.carrier()]
    _, second = (scene.group(name, to(each)) for name, each in zip("AB", carriers, strict=True))
    route = InboundRoute.objects.get(prefix="")
    InboundRouteCarrier.objects.create(route=route, group=second, pbx=branch_row)
    InboundRoute.objects.create(prefix="1444", pbx=scene.pbx_row)
    scene.apply()

    def reached(carrier: UserAgent, number: str) -> tuple[int, int, int]:
        before = [len(scene.pbx.invites), len(branch.invites)]
        call = carrier.call(number, scene.proxy)
        code = call.wait().code
        if code == 200:
            assert call.bye() == 200
        return code, len(scene.pbx.invites) - before[0], len(branch.invites) - before[1]

    assert reached(carriers[0], "333") == (200, 1, 0)
    assert reached(carriers[1], "333") == (200, 0, 1)
    assert reached(carriers[1], "1444333") == (200, 1, 0), "the longest prefix decides first"
    PBX.objects.filter(pk=branch_row.pk).update(enabled=False)
    scene.apply()
    assert reached(carriers[1], "333") == (503, 0, 0)
    InboundRoute.objects.filter(pk=route.pk).update(fall_through=True)
    scene.apply()
    assert reached(carriers[1], "333") == (200, 1, 0)
