"""Selection by weight: calls are shared in proportion, and who fails is stood in for."""

from __future__ import annotations

import pytest

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.incoming import answer

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

CALLS = 200


def seventy_five_to_twenty_five(scene: Scene, heavy: UserAgent, light: UserAgent) -> None:
    group = scene.group(
        "Acme", to(light, strip=2, weight=25), to(heavy, strip=1, prefix="0", weight=75), selection="weight"
    )
    scene.route("9", group)
    scene.apply()


def test_200_calls_are_shared_75_to_25(scene: Scene) -> None:
    heavy, light = scene.carrier(), scene.carrier()
    seventy_five_to_twenty_five(scene, heavy, light)
    for _ in range(CALLS):
        call = scene.dial("914443332222")
        assert call.code == 200
        assert call.bye() == 200
    assert len(heavy.invites) + len(light.invites) == CALLS
    assert 135 <= len(heavy.invites) <= 165
    assert set(heavy.numbers) == {"014443332222"}
    assert set(light.numbers) == {"4443332222"}


def test_all_go_to_the_other_when_the_75_fail(scene: Scene) -> None:
    heavy, light = scene.carrier(answer(503)), scene.carrier()
    seventy_five_to_twenty_five(scene, heavy, light)
    codes = [scene.dial("914443332222").code for _ in range(CALLS)]
    assert codes == [200] * CALLS
    assert light.numbers == ["4443332222"] * CALLS
    assert 135 <= len(heavy.invites) <= 165
    assert set(heavy.numbers) == {"014443332222"}
