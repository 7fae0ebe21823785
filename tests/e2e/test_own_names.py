"""OPTIONS, by which carriers and PBXs ask whether we are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.nodes.node import Node
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.wire,
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
]


@pytest.mark.parametrize("transport", ["", ";transport=tcp"])
def test_our_address_and_every_name_are_answered(scene: Scene, transport: str) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    scene.apply()
    host = scene.process.parameters.sip_address
    for asker in (carrier, scene.pbx):
        answers = [
            asker.options(scene.proxy, uri + transport).code
            for uri in (f"sip:{scene.proxy}", f"sip:{host}", f"sip:ping@{host}", "sip:sip.operator.example")
        ]
        assert answers == [200] * 4


def test_with_names_set_others_are_not_ours(scene: Scene, tmp_path: Path) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    names = ("sip.operator.example", "sip2.operator.example")
    with running_node(tmp_path / "named", sip_names=names) as process:
        result = apply(author=None, nodes=[Node("named", process.parameters.rpc(timeout=20))])
        assert result.ok, result.sentence
        proxy = f"{process.parameters.sip_address}:{process.parameters.sip_port}"
        asked = {
            f"sip:{proxy}": 200,
            "sip:127.0.0.1": 200,
            "sip:sip.operator.example": 200,
            "sip:ping@SIP2.operator.example:5060": 200,
            "sip:operator.example": 404,
            "sip:other.example": 404,
        }
        assert {uri: carrier.options(proxy, uri).code for uri in asked} == asked
        assert scene.stranger().options(proxy, "sip:sip.operator.example").code == 403
