"""Calls that we refuse ourselves: the caller gets a code and a reason, and the log has a line."""

from __future__ import annotations

import pytest

from tests.e2e.scene import PBX_ADDRESS, Scene, to
from tests.e2e.sip.raw import Datagrams, request

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


@pytest.mark.parametrize(
    ("uri", "answer"),
    [
        ("sip:{proxy}", "484 Address Incomplete"),
        ("sip:reception@{proxy}", "404 Not a telephone number"),
        ("sips:91@{proxy}", "416 SIPS needs TLS"),
        ("sip:91;x=|@{proxy}", "400 Bad parameters of the number"),
        ("sip:8@{proxy}", "404 No outbound route"),
    ],
)
def test_a_number_that_cannot_be_called(scene: Scene, uri: str, answer: str) -> None:
    scene.route("9", scene.group("Acme", to(scene.carrier())))
    scene.apply()
    call = scene.pbx.call("", scene.proxy, uri=uri.format(proxy=scene.proxy))
    assert call.wait().start == f"SIP/2.0 {answer}"
    (line,) = scene.report().splitlines()
    assert f"from pbx-{scene.pbx_row.pk}" in line
    assert answer.partition(" ")[2] in line or "has no outbound route" in line


def test_a_call_that_has_come_round_too_often(scene: Scene) -> None:
    scene.route("9", scene.group("Acme", to(scene.carrier())))
    scene.apply()
    with Datagrams(PBX_ADDRESS, scene.proxy) as pbx:
        invite = request("INVITE", f"sip:91@{scene.proxy}", pbx.host_port)
        pbx.send(invite.replace(b"Max-Forwards: 70", b"Max-Forwards: 0"))
        assert pbx.codes(5) == [483]
    assert f"(pbx-{scene.pbx_row.pk}) refused: 483 Too Many Hops" in scene.report()


def test_a_call_before_the_first_reload(scene: Scene) -> None:
    scene.apply()
    scene.process.parameters.local_rpc(20).call("htable.delete", "dsiprouter", "dsiprouter:revision")
    assert scene.dial("91").wait().start == "SIP/2.0 503 Routing data not loaded"
    assert f"from pbx-{scene.pbx_row.pk} refused: 503 Routing data not loaded" in scene.report()
