"""Backup addresses of a PBX: inbound calls go there when the first does not take them."""

from __future__ import annotations

import pytest

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.incoming import Behaviour, answer, stay_silent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


@pytest.fixture
def backups(scene: Scene) -> list[UserAgent]:
    """Two backups, the second by TCP."""
    backups = [scene.agents.enter_context(UserAgent(f"127.30.9.{last}")) for last in (20, 21)]
    first, second = (backup.host_port for backup in backups)
    scene.pbx_row.backup_addresses = f"{first}, sip:{second};transport=tcp"
    scene.pbx_row.full_clean()
    scene.pbx_row.save()
    scene.group("Acme", to(scene.carrier()))
    scene.apply()
    return backups


def inbound(scene: Scene) -> int:
    """Let the carrier call; if the call is taken, either side ends it."""
    carrier = UserAgent("127.30.8.1")
    with carrier:
        call = carrier.call("4930123", scene.proxy)
        code = call.wait(30).code
        if code == 200:
            assert call.bye() == 200
        return code


@pytest.mark.parametrize("refusal", [answer(503), answer(500, 100), stay_silent], ids=["503", "500", "silent"])
def test_the_next_address_gets_the_call(scene: Scene, backups: list[UserAgent], refusal: Behaviour) -> None:
    scene.pbx.behaviour = refusal
    assert inbound(scene) == 200
    assert [len(backup.invites) for backup in backups] == [1, 0]
    assert backups[0].numbers == ["4930123"]
    backups[0].behaviour = refusal
    assert inbound(scene) == 200
    assert [len(backup.invites) for backup in backups] == [2, 1]


@pytest.mark.parametrize("code", [404, 486, 603])
def test_an_answer_about_the_called_party_stays(scene: Scene, backups: list[UserAgent], code: int) -> None:
    scene.pbx.behaviour = answer(code, 180)
    assert inbound(scene) == code
    assert [backup.invites for backup in backups] == [[], []]


def test_all_refuse(scene: Scene, backups: list[UserAgent]) -> None:
    for agent in (scene.pbx, *backups):
        agent.behaviour = answer(503)
    assert inbound(scene) == 503
    assert [len(agent.invites) for agent in (scene.pbx, *backups)] == [1, 1, 1]


def test_the_backup_holds_and_ends_the_call(scene: Scene, backups: list[UserAgent]) -> None:
    scene.pbx.behaviour = answer(503)
    carrier = scene.carrier(address="127.30.8.1")
    call = carrier.call("4930123", scene.proxy)
    assert call.wait().code == 200
    assert call.ask("INVITE").code == 200
    assert backups[0].hang_up(backups[0].invites[0]) == 200
    carrier.wait_for("BYE")
