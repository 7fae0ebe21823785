"""Kamailio for end to end tests: the product's own configuration and process handling, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections

from kamailio_bridge.local.kamailio_parameters import NodeParameters, kamailio_database_url
from kamailio_bridge.local.kamailio_process import NodeProcess
from tests.mariadb import free_port

TOKEN = "token-of-the-end-to-end-node"


@contextmanager
def running_node(
    folder: Path,
    kind: type[NodeParameters] = NodeParameters,
    *,
    environment: dict[str, str] | None = None,
    **changes: Any,
) -> Iterator[NodeProcess]:
    """Run a Kamailio on the test database ``kamailio``. Tests reload it often, so without a pause between reloads."""
    parameters = kind(
        folder=folder,
        database_url=kamailio_database_url(connections["kamailio"].settings_dict),
        rpc_token=TOKEN,
        sip_port=free_port(),
        rpc_port=free_port(),
        shared_memory=128,
        private_memory=32,
        children=2,
        environment={"DSIPROUTER_RELOAD_DELTA": "0", **(environment or {})},
        **changes,
    )
    with NodeProcess(parameters) as process:
        yield process
