"""Established calls, of the PBX and of a carrier."""

from __future__ import annotations

from typing import Any

from tests.e2e.scene import Scene, to
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.outgoing import Call

NUMBER = "914443332222"


def call_out(scene: Scene, carrier: UserAgent, **values: object) -> Call:
    """Let the PBX call over one carrier, and wait until the call is established."""
    scene.route("9", scene.group("Acme", to(carrier, strip=1, **values)))
    scene.apply()
    call = scene.dial(NUMBER)
    assert call.code == 200
    carrier.wait_for("ACK")
    return call


def call_in(scene: Scene, carrier: UserAgent, **options: Any) -> Call:
    """Let a carrier call the PBX, and wait until the call is established."""
    scene.group("Acme", to(carrier))
    scene.apply()
    call = carrier.call("14443332222", scene.proxy, **options)
    assert call.code == 200
    scene.pbx.wait_for("ACK")
    return call
