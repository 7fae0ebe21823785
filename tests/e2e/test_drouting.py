"""The same carriers through a Kamailio that routes by drouting: the same R-URIs in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.node import Node
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene, to
from tests.e2e.sip.incoming import answer

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

CONFIGURATION = Path(__file__).with_name("drouting.cfg")
DIALLED = ["914443332222", "9254443332222", "4711000", "+4930123456", "*43#1234", "99"]


@pytest.fixture
def drouting(scene: Scene, tmp_path: Path) -> Iterator[NodeProcess]:
    with running_node(tmp_path / "drouting", configuration=CONFIGURATION) as process:
        yield process


def test_the_same_uris_in_the_same_order(scene: Scene, drouting: NodeProcess) -> None:
    carriers = [scene.carrier(answer(503)) for _ in range(7)]
    first = scene.group("First", to(carriers[0], strip=1), to(carriers[1], strip=1, prefix="+1", transport="tcp"))
    second = scene.group("Second", to(carriers[2], prefix="00"), to(carriers[3], enabled=False), to(carriers[4]))
    third = scene.group("Third", to(carriers[5], strip=1, prefix="*31#"))
    disabled = scene.group("Disabled", to(carriers[6]), enabled=False)
    scene.route("9", first, second)
    scene.route("92", third, disabled, first)
    scene.route("", second)
    nodes = [scene.node, Node("drouting", drouting.parameters.rpc(timeout=20))]
    result = apply(author=None, nodes=nodes)
    assert result.ok, result.sentence
    assert [answer.module for answer in result.nodes[1].answers if answer.ok] == ["permissions", "drouting"]

    def tried(process: NodeProcess) -> list[list[str]]:
        """Call every number and return the R-URIs that the carriers got for each, in order."""
        proxy = f"{process.parameters.sip_address}:{process.parameters.sip_port}"
        found = []
        for number in DIALLED:
            seen = {carrier: len(carrier.invites) for carrier in carriers}
            assert scene.pbx.call(number.replace("#", "%23"), proxy).code in (500, 503)
            invites = [invite for carrier in carriers for invite in carrier.invites[seen[carrier] :]]
            found.append([invite.uri for invite in sorted(invites, key=lambda invite: invite.time)])
        return found

    by_dispatcher, by_drouting = tried(scene.process), tried(drouting)
    assert by_dispatcher == by_drouting
    assert [len(uris) for uris in by_dispatcher] == [4, 3, 2, 2, 2, 4]
    assert by_dispatcher[0][:2] == [
        f"sip:14443332222@{carriers[0].host_port}",
        f"sip:+114443332222@{carriers[1].host_port};transport=tcp",
    ]


def test_a_node_says_which_settings_it_does_not_read(scene: Scene, drouting: NodeProcess) -> None:
    """Its configuration is somebody else's; the site's own reads them."""
    scene.route(
        "9", scene.group("Acme", to(scene.carrier()), max_attempts=1), scene.group("Plain", to(scene.carrier()))
    )
    nodes = [scene.node, Node("drouting", drouting.parameters.rpc(timeout=20))]
    result = apply(author=None, nodes=nodes)
    assert result.ok, result.sentence
    own, other = (node.sentence for node in result.nodes)
    assert "does not read" not in own
    assert (
        "It does not read what is set under failover (carrier group “Acme”), because its configuration has no" in other
    )
    assert "Node drouting: It does not read what is set under failover" in result.sentence


def test_a_change_reaches_both(scene: Scene, drouting: NodeProcess) -> None:
    old, new = scene.carrier(), scene.carrier()
    group = scene.group("Acme", to(old, strip=1))
    scene.route("9", group)
    nodes = [scene.node, Node("drouting", drouting.parameters.rpc(timeout=20))]
    assert apply(author=None, nodes=nodes).ok
    group.endpoints.update(host=new.address, port=new.port, strip=2, prefix="0")
    assert apply(author=None, nodes=nodes).ok
    for process in (scene.process, drouting):
        call = scene.pbx.call("914443332222", f"{process.parameters.sip_address}:{process.parameters.sip_port}")
        assert call.code == 200
        assert call.bye() == 200
    assert new.uris == [f"sip:04443332222@{new.host_port}"] * 2
    assert old.received == []
