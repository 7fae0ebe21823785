"""The status of faulty nodes; that of a real Kamailio is tested in tests/e2e."""

from __future__ import annotations

import pytest

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.monitoring import status
from kamailio_bridge.nodes.models import KamailioNode
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import hanging_node

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


def test_a_node_that_hangs_is_not_asked_for_its_drift_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "LOOK_SECONDS", 0.5)
    make_route("9", make_group("Acme", "203.0.113.7"))
    assert apply(author=None, nodes=[]).revision is not None
    with hanging_node() as server:
        KamailioNode.objects.create(name="edge", rpc_url=server.url, time_limit=600)
        found = status.read_status()
        assert [body["method"] for body, _ in server.requests] == ["core.version"]
    assert [(node.name, node.reachable) for node in found.nodes] == [("edge", False)]
    assert "did not answer within 0.5 s" in found.nodes[0].sentence
