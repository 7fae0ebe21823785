"""The Kamailio nodes that run what the carriers call for."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from carriers.addresses import uri_host
from kamailio_bridge.rpc import Rpc


@dataclass(frozen=True)
class Node:
    """One running Kamailio, reached by JSON-RPC over HTTP."""

    name: str
    rpc: Rpc


def configured_nodes() -> list[Node]:
    """Return the nodes to reload: the local one, from the settings."""
    url = f"http://{uri_host(settings.DSIPROUTER_RPC_ADDRESS)}:{settings.DSIPROUTER_RPC_PORT}/RPC"
    return [Node("local", Rpc(url, settings.DSIPROUTER_RPC_TOKEN, settings.KAMAILIO_RPC_TIMEOUT))]
