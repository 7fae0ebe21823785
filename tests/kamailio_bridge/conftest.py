"""A real Kamailio, with the product's own configuration, on the test database ``kamailio``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.local.kamailio_parameters import NodeParameters, kamailio_database_url
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.node import Node
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


@pytest.fixture
def no_unexpected_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail where a node's answer led to an unexpected error, which is a sentence to the operator and logged."""
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []
