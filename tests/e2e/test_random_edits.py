"""Whatever the operator does, and in whatever order: after each apply the node's memory equals the carriers."""

from __future__ import annotations

import pytest

from tests.e2e import memory
from tests.e2e.random_operator import Operator
from tests.e2e.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

EDITS = 200
SEED = 20_240_731


def test_the_node_equals_the_carriers_after_each_of_200_edits(scene: Scene) -> None:
    operator, rpc = Operator(SEED), scene.node.rpc
    done: list[str] = []
    for _ in range(EDITS):
        done.append(operator.edit())
        scene.apply(allow_empty=True)
        story = f"after edit {len(done)}, {done[-1]} (seed {SEED})"
        assert memory.loaded_sets(rpc) == memory.expected_sets(), story
        assert memory.loaded_prefixes(rpc) == memory.expected_prefixes(), story
        assert memory.loaded_addresses(rpc) == memory.expected_addresses(), story
        assert memory.loaded_credentials(rpc) == memory.expected_credentials(operator.passwords), story
    assert len(set(done)) == 17, "not every kind of edit came up"
