"""Several Kamailios on one database, entered as nodes, and a proxy that misbehaves as a test needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import requests

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.models import KamailioNode
from tests.e2e.nodes import running_node
from tests.e2e.scene import Scene
from tests.e2e.sip.message import Uri
from tests.e2e.sip.registrar import Registrar
from tests.kamailio_bridge.http_node import http_node, reply

Manner = Literal["good", "slow", "garbage"]
DELAY = 5.0  # s before each answer of a slow node


class Cluster(Scene):
    """A scene with several nodes; ``process`` is the first of them."""

    def __init__(self, processes: dict[str, NodeProcess]) -> None:
        super().__init__(next(iter(processes.values())))
        self.processes = processes
        for name, process in processes.items():
            KamailioNode.objects.create(name=name, rpc_url=process.parameters.rpc().url, time_limit=20)

    def close(self) -> None:
        self.agents.close()

    def apply(self, **options: object) -> ApplyResult:
        """Press the button, and check that every node runs the new revision."""
        result = apply(author=None, **options)  # type: ignore[arg-type]
        assert result.ok, result.sentence
        return result

    def proxy_of(self, name: str) -> str:
        parameters = self.processes[name].parameters
        return f"{parameters.sip_address}:{parameters.sip_port}"

    def registered_from(self, registrar: Registrar) -> dict[str, str]:
        """Return per account the node that registered it, by the address in the Contact."""
        nodes = {self.proxy_of(name): name for name in self.processes}
        return {
            username: nodes[f"{contact.host}:{contact.port}"]
            for username, binding in registrar.bindings.items()
            for contact in [Uri.parse(binding.contact)]
        }

    def report(self) -> str:
        return "\n".join(f"--- {name}\n{process.log_text()}" for name, process in self.processes.items())


@contextmanager
def running_nodes(folder: Path, *names: str) -> Iterator[dict[str, NodeProcess]]:
    """Run a Kamailio for each name, all on the test database ``kamailio``."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running_node(folder / name, environment={"DSIPROUTER_NODE": name}))
            for name in names
        }


class BadProxy:
    """A proxy in front of a node. ``manner`` may be changed while it runs."""

    def __init__(self, url: str, manner: Manner) -> None:
        self.url = url
        self.manner: Manner = manner


@contextmanager
def bad_proxy(target: str, manner: Manner) -> Iterator[BadProxy]:
    """Relay requests to a node's RPC: at once, late, or with an invalid answer."""
    over = threading.Event()

    def answer(handler: object, body: dict[str, object]) -> None:
        if proxy.manner == "garbage":
            reply(handler, 200, b"<html>It works!</html>")  # type: ignore[arg-type]
            return
        if proxy.manner == "slow" and over.wait(DELAY):
            return
        token = handler.headers["X-RPC-Token"]  # type: ignore[attr-defined]
        passed_on = requests.post(target, json=body, headers={"X-RPC-Token": token}, timeout=20)
        reply(handler, passed_on.status_code, passed_on.content)  # type: ignore[arg-type]

    with http_node(answer) as server:
        proxy = BadProxy(server.url, manner)
        try:
            yield proxy
        finally:
            over.set()
