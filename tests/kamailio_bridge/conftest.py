"""A real Kamailio, with the product's own configuration, on the test database ``kamailio``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.node_process import NodeParameters, NodeProcess, kamailio_database_url
from kamailio_bridge.nodes import Node
from tests.kamailio_bridge.http_node import free_port

TOKEN = "token-of-the-test-node"


@pytest.fixture(scope="session")
def kamailio_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """Start one Kamailio for the whole run; each test reloads it with tables of its own."""
    parameters = NodeParameters(
        folder=Path(tmp_path_factory.mktemp("kamailio")),
        database_url=kamailio_database_url(connections["kamailio"].settings_dict),
        rpc_token=TOKEN,
        sip_port=free_port(),
        rpc_port=free_port(),
        shared_memory=64,
        private_memory=16,
        children=1,
        environment={"DSIPROUTER_RELOAD_DELTA": "0"},
    )
    with NodeProcess(parameters) as process:
        yield process


@pytest.fixture
def node(kamailio_process: NodeProcess) -> Node:
    """Return the running Kamailio as a node."""
    return Node("edge", kamailio_process.parameters.rpc(timeout=20))
