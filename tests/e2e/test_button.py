"""What the button does and what happens without it: saved is not applied, and half a route stops no other."""

from __future__ import annotations

import threading
import time

import pytest

from carriers.models import CarrierGroup, OutboundRoute
from kamailio_bridge.plan.make import make_plan
from tests.e2e.scene import Scene, to
from tests.e2e.sip.incoming import answer

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]


def test_a_saved_change_has_no_effect_before_the_button_even_after_a_restart(scene: Scene) -> None:
    old, new = scene.carrier(), scene.carrier()
    group = scene.group("Acme", to(old, strip=1))
    scene.route("9", group)
    scene.apply()
    group.endpoints.update(host=new.address, port=new.port, strip=2)
    scene.route("8", scene.group("Backup", to(new)))
    assert scene.dial("914443332222").code == 200
    assert scene.dial("84443332222").code == 404
    scene.process.stop()
    scene.process.start()
    assert scene.dial("914443332222").code == 200
    assert scene.dial("84443332222").code == 404
    assert [old.numbers, new.received] == [["14443332222"] * 2, []]
    scene.apply()
    assert scene.dial("914443332222").code == 200
    assert scene.dial("84443332222").code == 200
    assert new.numbers == ["4443332222", "84443332222"]
    assert len(old.invites) == 2


def test_a_node_whose_tables_were_never_written_answers_503(scene: Scene) -> None:
    """A call must not be turned away as if the number were wrong."""
    scene.process.stop()
    scene.process.start()
    assert scene.dial("914443332222").wait().start == "SIP/2.0 503 Routing data not loaded"
    scene.apply()
    assert scene.dial("914443332222").code == 404


def test_a_group_without_endpoints_and_a_route_to_a_disabled_one(scene: Scene) -> None:
    carrier, disabled = scene.carrier(), scene.carrier()
    acme, empty = scene.group("Acme", to(carrier, strip=1)), scene.group("Empty")
    off = scene.group("Off", to(disabled), enabled=False)
    for prefix, groups in {"9": [acme], "8": [off], "7": [empty], "6": [off, empty, acme]}.items():
        scene.route(prefix, *groups)
    said = {str(warning) for warning in make_plan().warnings}
    for subject in ("Empty", "outbound route 8", "outbound route 7"):
        assert any(subject in warning for warning in said), said
    assert not any("outbound route 9" in warning for warning in said), said
    scene.apply()
    assert [scene.dial(number).code for number in ("91", "81", "71", "61")] == [200, 503, 503, 200]
    assert carrier.numbers == ["1", "1"]
    assert disabled.received == []


def test_disabling_and_enabling(scene: Scene) -> None:
    first, second = scene.carrier(), scene.carrier()
    acme = scene.group("Acme", to(first))
    scene.route("9", acme, scene.group("Backup", to(second)))
    scene.apply()
    CarrierGroup.objects.filter(pk=acme.pk).update(enabled=False)
    scene.apply()
    assert scene.dial("91").code == 200
    assert first.call("1", scene.proxy).code == 403
    CarrierGroup.objects.filter(pk=acme.pk).update(enabled=True)
    OutboundRoute.objects.update(prefix="91")
    scene.apply()
    assert scene.dial("91").code == 200
    assert scene.dial("90").code == 404
    assert [len(first.invites), len(second.invites)] == [1, 1]


def test_reloads_disturb_no_call(scene: Scene) -> None:
    failing, carrier = scene.carrier(answer(503)), scene.carrier()
    group = scene.group("Acme", to(failing, strip=2), to(carrier, strip=1))
    scene.route("9", group)
    scene.apply()
    codes: list[int] = []
    enough = threading.Event()

    def keep_calling() -> None:
        while not enough.is_set():
            call = scene.dial("914443332222")
            codes.append(call.code)
            codes.append(call.bye())

    callers = [threading.Thread(target=keep_calling) for _ in range(2)]
    for caller in callers:
        caller.start()
    for number in range(6):
        group.endpoints.filter(strip=2).update(prefix=str(number))
        scene.route(f"5{number}", group)
        scene.apply()
        time.sleep(0.3)
    enough.set()
    for caller in callers:
        caller.join()
    assert len(codes) > 100
    assert set(codes) == {200}
    assert set(carrier.numbers) == {"14443332222"}
    assert {number.removesuffix("4443332222") for number in failing.numbers} == {"", *"012345"}
