"""Headers that calls to a carrier group get in addition, such as a token without which the carrier takes no call."""

from __future__ import annotations

import pytest

from carriers.models import CarrierGroup, ExtraHeader
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.preview.summary import make_preview
from tests.e2e.scene import Scene, to
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge, refuse

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

ACCOUNT = Account("trunk77", "secret of a trunk", "carrier.example")
NUMBER = "914443332222"
TOKEN = 'k3y; of="trunk"=='


def test_extra_headers(scene: Scene) -> None:
    """The carrier takes calls with its token only; the retry with a credential and the next attempt have it, too."""
    first, second = scene.carrier(Challenge(ACCOUNT, then=refuse(503))), scene.carrier()
    one, two = scene.group("One", to(first)), scene.group("Two", to(second))
    scene.credential(one, ACCOUNT, first, register=False)
    header(one, "X-Account-Id", "7")
    header(one, "X-Token", TOKEN, is_secret=True)
    header(two, "P-Charge-Info", "<sip:+4930123@acme.example;user=phone>")
    scene.route("9", one, two)
    assert TOKEN not in str(make_preview().changes)
    scene.apply()
    call = scene.dial(NUMBER, headers=(("x-token", "of the PBX"), ("x-account-id", "8")))
    assert call.code == 200
    assert len(first.invites) == 2
    for incoming in first.invites:
        assert incoming.message.all("x-token") == [TOKEN]
        assert incoming.message.all("x-account-id") == ["7"]
    assert second.invites[-1].message.all("p-charge-info") == ["<sip:+4930123@acme.example;user=phone>"]
    assert not second.invites[-1].message.has("x-token")
    assert TOKEN not in scene.process.log_text()
    ExtraHeader.objects.filter(name="X-Token").delete()
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert not first.invites[-1].message.has("x-token")


def test_a_secret_value_that_cannot_be_read_stays_in_force(scene: Scene) -> None:
    carrier = scene.carrier()
    group = scene.group("Acme", to(carrier))
    header(group, "X-Token", TOKEN, is_secret=True)
    scene.route("9", group)
    scene.apply()
    ExtraHeader.objects.update(secret_value_ciphertext="of a lost key")
    scene.route("8", group)
    assert "secret value can't be decrypted" in str(make_plan().warnings)
    scene.apply()
    assert scene.dial(NUMBER).code == 200
    assert carrier.invites[-1].message.get("x-token") == TOKEN


def header(group: CarrierGroup, name: str, value: str, *, is_secret: bool = False) -> None:
    extra = ExtraHeader(group=group, name=name, value=value)
    if is_secret:
        extra.set_secret_value(value)
    extra.full_clean()
    extra.save()
