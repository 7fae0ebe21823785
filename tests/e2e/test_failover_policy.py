"""What a carrier group says of its failover: codes, causes, time limits, attempts and redirects."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup
from kamailio_bridge.questions.route_lookup import route_test
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent, settled
from tests.e2e.sip.incoming import Behaviour, answer, refuse, say, stay_silent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]

NUMBER = "914443332222"


def group_and_backup(scene: Scene, *behaviours: Behaviour, **policy: object) -> tuple[list[UserAgent], UserAgent]:
    """Put a group with this policy and a backup group behind one route."""
    carriers, backup = [scene.carrier(behaviour) for behaviour in behaviours], scene.carrier()
    first = scene.group("Acme", *(to(carrier) for carrier in carriers), **policy)
    scene.route("9", first, scene.group("Backup", to(backup)))
    scene.apply()
    return carriers, backup


def dial(scene: Scene) -> int:
    return int(scene.dial(NUMBER).code)


def test_codes_that_the_group_lists(scene: Scene) -> None:
    """Each answer is as the list says, also where the default says otherwise."""
    (first,), backup = group_and_backup(scene, answer(404), failover_codes="404 6xx")
    expected = {404: 200, 603: 200, 503: 500, 403: 403, 486: 486}
    for count, (code, final) in enumerate(expected.items(), start=1):
        first.behaviour = answer(code)
        assert dial(scene) == final, code
        first.wait_for("ACK", count)
    assert len(backup.invites) == 2


def test_no_code_fails_over_if_none_is_listed(scene: Scene) -> None:
    (first,), backup = group_and_backup(scene, answer(403), failover_codes="", failover_causes="")
    assert dial(scene) == 403
    first.behaviour = refuse(480, ("reason", "Q.850;cause=34"))
    assert dial(scene) == 480
    settled(0.1)
    assert backup.received == []


def test_causes_that_the_group_lists(scene: Scene) -> None:
    (first,), _ = group_and_backup(scene, answer(404), failover_causes="1 27")
    for cause, final in {"27": 200, "1": 200, "34": 404}.items():
        first.behaviour = refuse(404, ("reason", f'SIP;cause=404, Q.850;cause={cause};text="busy"'))
        assert dial(scene) == final, cause


def test_the_policy_is_that_of_the_group_that_was_asked(scene: Scene) -> None:
    """The second group has the defaults again, and a reload changes the policy of the next call."""
    first, second, third = scene.carrier(answer(404)), scene.carrier(answer(404)), scene.carrier()
    group = scene.group("Acme", to(first), failover_codes="404")
    scene.route("9", group, scene.group("Backup", to(second)), scene.group("Last", to(third)))
    scene.apply()
    assert dial(scene) == 404
    assert [len(first.invites), len(second.invites), len(third.invites)] == [1, 1, 0]
    CarrierGroup.objects.filter(pk=group.pk).update(failover_codes="5xx")
    scene.apply()
    assert dial(scene) == 404
    assert [len(first.invites), len(second.invites)] == [2, 1]


def test_time_limits_of_the_group(scene: Scene) -> None:
    """The log has the seconds that Kamailio waited, in place of a clock in the test."""
    (first, second), backup = group_and_backup(
        scene, stay_silent, say((0, 100)), no_reply_timeout=1, progress_timeout=2
    )
    assert dial(scene) == 200
    assert f"@{first.host_port} did not answer for 1 s" in scene.report()
    assert f"@{second.host_port} said Trying and then nothing for 2 s" in scene.report()
    assert len(backup.invites) == 1


def test_ringing_of_the_group(scene: Scene) -> None:
    (first,), backup = group_and_backup(scene, say((0, 180)), ring_timeout=5)
    assert dial(scene) == 480
    assert f"@{first.host_port} rang for 5 s, and nobody took the call" in scene.report()
    first.wait_for("CANCEL")
    assert backup.received == []


@pytest.mark.parametrize("selection", ["position", "weight"])
def test_endpoints_tried_at_most(scene: Scene, selection: str) -> None:
    carriers, backup = group_and_backup(
        scene, answer(503), answer(503), answer(503), max_attempts=2, selection=selection
    )
    assert dial(scene) == 200
    assert sum(len(carrier.invites) for carrier in carriers) == 2
    assert len(backup.invites) == 1
    tested = route_test(NUMBER, nodes=[scene.node])
    assert tested.is_complete
    assert [attempt.group for attempt in tested.columns[0].attempts] == ["Acme", "Acme", "Backup"]
    if selection == "position":
        assert not tested.differs
        assert tested.columns[0].unused[0].reason == "its group tries 2 endpoints at most"


def test_redirects_that_are_not_followed(scene: Scene) -> None:
    """A host of the same group would be followed by default."""
    target = scene.carrier()
    contact = ("contact", f"<sip:{NUMBER}@{target.host_port}>")
    (first,), backup = group_and_backup(scene, refuse(302, contact), redirects="fail_over")
    assert dial(scene) == 200
    assert [len(first.invites), len(target.received), len(backup.invites)] == [1, 0, 1]
