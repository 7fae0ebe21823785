"""Routes that answer their calls themselves: refused ones, and those that no carrier or PBX can serve."""

from __future__ import annotations

import pytest

from carriers.models import PBX, CarrierGroup, InboundRoute, OutboundRoute
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]


def refuse(prefix: str, code: int, reason: str = "") -> OutboundRoute:
    return OutboundRoute.objects.create(prefix=prefix, refuse_code=code, refuse_reason=reason)


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_refused_number_gets_exactly_that_answer(scene: Scene, transport: str) -> None:
    carrier = scene.carrier()
    scene.route("", scene.group("Acme", to(carrier)))
    refuse("900", 403, "Premium numbers are not allowed: ask (us), 24/7!")
    refuse("9001", 603)
    scene.route("90012", CarrierGroup.objects.get())
    scene.apply()
    answers = {number: scene.dial(number, transport=transport).wait().start for number in ("9005", "900", "90015")}
    assert answers == {
        "9005": "SIP/2.0 403 Premium numbers are not allowed: ask (us), 24/7!",
        "900": "SIP/2.0 403 Premium numbers are not allowed: ask (us), 24/7!",
        "90015": "SIP/2.0 603 Decline",
    }
    assert carrier.received == []
    assert "9005 from " in scene.report()
    assert "refused by its route: 403 Premium numbers are not allowed: ask (us), 24/7!" in scene.report()
    assert [scene.dial(number, transport=transport).code for number in ("90012", "8")] == [200, 200]
    assert carrier.numbers == ["90012", "8"]


def test_the_default_route_may_refuse_and_changes_with_each_reload(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.route("4", scene.group("Acme", to(carrier)))
    everything_else = refuse("", 480)
    scene.apply()
    assert scene.dial("5").wait().start == "SIP/2.0 480 Temporarily Unavailable"
    assert scene.dial("4").code == 200
    OutboundRoute.objects.filter(pk=everything_else.pk).update(refuse_code=404, refuse_reason="Not ours")
    scene.apply()
    assert scene.dial("5").wait().start == "SIP/2.0 404 Not ours"
    everything_else.delete()
    scene.apply()
    assert scene.dial("5").wait().start == "SIP/2.0 404 No outbound route"


def test_a_route_that_loses_its_carriers_keeps_its_calls_unless_it_falls_through(scene: Scene) -> None:
    """The calls would go out at another price and in the wrong format."""
    national, dear = scene.carrier(), scene.carrier()
    group = scene.group("National", to(national))
    route = scene.route("49", group)
    scene.route("", scene.group("Dear", to(dear, prefix="00")))
    scene.apply()
    assert scene.dial("4930").code == 200
    CarrierGroup.objects.filter(pk=group.pk).update(enabled=False)
    result = scene.apply()
    assert scene.dial("4930").wait().start == "SIP/2.0 503 No carrier can take the call"
    assert dear.received == []
    test = route_test("4930", nodes=[scene.node])
    assert not test.differs
    assert (
        test.columns[0].sentence
        == "4930 takes route 49, but none of its carriers can take the call: it is answered 503."
    )
    assert test.columns[-1].sentence == "The route answers the call itself: 503 No carrier can take the call."
    OutboundRoute.objects.filter(pk=route.pk).update(fall_through=True)
    test = route_test("4930", nodes=[scene.node])
    assert test.differs
    scene.apply()
    assert scene.dial("4930").code == 200
    assert dear.numbers == ["004930"]
    assert not route_test("4930", nodes=[scene.node]).differs
    assert result.ok


def test_an_inbound_route_keeps_its_calls_while_its_pbx_is_disabled(scene: Scene) -> None:
    """Another customer must not get them."""
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    home = PBX.objects.create(name="home", host="127.30.9.2", enabled=False)
    route = InboundRoute.objects.create(prefix="1444", pbx=home)
    scene.apply()
    assert carrier.call("14443332222", scene.proxy).wait().start == "SIP/2.0 503 PBX not available"
    assert scene.pbx.invites == []
    InboundRoute.objects.filter(pk=route.pk).update(fall_through=True)
    scene.apply()
    assert carrier.call("14443332222", scene.proxy).code == 200
    assert scene.pbx.numbers == ["14443332222"]
