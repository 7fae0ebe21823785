"""Write the TLS files of carrier groups on this machine, and let every node read its files again, without a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kamailio_bridge.apply.node_files import write_applied_files
from kamailio_bridge.nodes.ask_all import ask_nodes
from kamailio_bridge.nodes.certificates.tls_profiles import profiles_folder
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.nodes.rpc import CallFailed, RpcError

_METHOD = "tls.reload"
_MISSING = "method not found"  # the node has no TLS module


class Command(BaseCommand):
    help = (
        "Let every node read its certificate, key and trusted CAs again, without a restart: for new connections, while"
        " calls go on. For a node on this machine, the files of carrier groups with TLS of their own are written first,"
        " as they were applied last. The exit status is 1 when a node can't; it keeps what it has."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--node", metavar="NAME", help="only this node")

    def handle(self, *args: Any, **options: Any) -> None:
        nodes = [node for node in configured_nodes() if options["node"] in (None, node.name)]
        if not nodes:
            self.stderr.write(f"There is no node {options['node']}.")
            raise SystemExit(1)
        for node in nodes:
            folder = profiles_folder(node.rpc.fifo)
            if folder is not None:
                self._write_files(folder)
        answers = ask_nodes(nodes, _reload)
        for node, answer in zip(nodes, answers, strict=True):
            self.stdout.write(f"node {node.name}: {answer}")
        if any(isinstance(answer, RpcError) for answer in answers):
            raise SystemExit(1)

    def _write_files(self, folder: Path) -> None:
        try:
            write_applied_files(folder)
        except OSError as error:
            raise CommandError(f"{error.filename or folder} can't be written: {error.strerror}.") from None


def _reload(node: Node) -> str:
    try:
        node.rpc.call(_METHOD)
    except CallFailed as failure:
        if failure.message.lower() == _MISSING:
            return "serves no TLS, so it has no certificate."
        raise
    return "has read its certificates. New connections use them."
