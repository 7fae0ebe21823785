"""The name server that answers for all names, where a test file runs in a network of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.own_network.named_calls import NAME_SERVER
from tests.e2e.scene import Scene
from tests.e2e.sip.name_server import NameServer


@pytest.fixture(scope="session")
def server() -> Iterator[NameServer]:
    server = NameServer(NAME_SERVER)
    yield server
    server.close()


@pytest.fixture
def names(server: NameServer, scene: Scene) -> NameServer:
    """Forget what is known of names, at the server and in Kamailio."""
    server.records, server.silent, server.failing = {}, set(), set()
    for method in ("dns.delete_all", "dst_blocklist.delete_all"):
        scene.node.rpc.call(method)
    return server
