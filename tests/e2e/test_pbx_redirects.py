"""Redirects of a PBX: followed to its own networks only, and never handed to the carrier."""

from __future__ import annotations

import pytest

from carriers.models import SourceNetwork
from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.incoming import Incoming
from tests.e2e.test_redirects import redirect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


@pytest.fixture
def caller(scene: Scene) -> UserAgent:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    SourceNetwork.objects.create(pbx=scene.pbx_row, network="127.30.9.16/28")
    scene.apply()
    return carrier


def test_a_pbx_redirects_to_its_own_host(scene: Scene, caller: UserAgent) -> None:
    other = scene.carrier(address="127.30.9.17")
    scene.pbx.behaviour = redirect(f"<sip:200@{other.host_port}>")
    call = caller.call("14443332222", scene.proxy)
    assert call.code == 200
    assert other.uris == [f"sip:200@{other.host_port}"]
    assert call.bye() == 200


def test_a_pbx_redirects_within_itself(scene: Scene, caller: UserAgent) -> None:
    def behave(incoming: Incoming) -> None:
        if incoming.uri.startswith("sip:200@"):
            incoming.reply(200)
        else:
            incoming.reply(302, ("contact", f"<sip:200@{scene.pbx.host_port}>"))

    scene.pbx.behaviour = behave
    assert caller.call("14443332222", scene.proxy).code == 200
    assert scene.pbx.numbers == ["14443332222", "200"]


def test_a_pbx_redirects_elsewhere(scene: Scene, caller: UserAgent) -> None:
    """To the carrier, to a stranger, to us, to a telephone: the caller hears that nobody can be reached."""
    stranger = scene.stranger()
    for contact in (f"sip:1@{caller.host_port}", f"sip:1@{stranger.host_port}", f"sip:1@{scene.proxy}", "tel:+1555"):
        scene.pbx.behaviour = redirect(f"<{contact}>")
        call = caller.call("14443332222", scene.proxy)
        assert call.wait().start == "SIP/2.0 480 PBX redirects the call"
        assert not call.wait().has("contact")
    assert [caller.invites, stranger.received] == [[], []]


def test_a_pbx_that_redirects_to_a_silent_host(scene: Scene, caller: UserAgent) -> None:
    scene.pbx.behaviour = redirect("<sip:200@127.30.9.18:9>")
    assert caller.call("14443332222", scene.proxy).wait().start == "SIP/2.0 503 PBX does not answer"
