"""manage.py test_carrier: ask a carrier group's endpoints and registrar whether they are there and accept us."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.snapshot import GroupRecord, read_carriers
from kamailio_bridge.nodes import Node, configured_nodes
from kamailio_bridge.probes import Probe, probe_credential, probe_endpoint
from kamailio_bridge.rpc import RpcError


class Command(BaseCommand):
    help = (
        "Test a carrier group through Kamailio's own SIP stack, before or after it is applied: OPTIONS to each"
        " endpoint, and a REGISTER query that proves the credential without registering."
        " Changes nothing, here or at the carrier."
        " The exit status is 1 when something does not answer or is rejected."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the carrier group")

    def handle(self, *args: Any, **options: Any) -> None:
        group = self._group(options["name"])
        node = configured_nodes()[0]
        try:
            probes = self._probes(group, node)
        except RpcError as error:
            raise CommandError(f"Node {node.name} can't ask: {error}") from None
        if not probes:
            self.stdout.write("This carrier group has neither endpoints nor a credential: there is nothing to test.")
        if not all(probe.ok for probe in probes):
            raise SystemExit(1)

    def _group(self, name: str) -> GroupRecord:
        groups = {group.name: group for group in read_carriers().groups.values()}
        if name not in groups:
            known = ", ".join(sorted(groups)) or "none"
            raise CommandError(f"There is no carrier group “{name}”. Carrier groups: {known}.")
        return groups[name]

    def _probes(self, group: GroupRecord, node: Node) -> list[Probe]:
        probes = [
            self._show(f"endpoint {endpoint.name or endpoint.host}", probe_endpoint(node, endpoint))
            for endpoint in group.endpoints
        ]
        if group.credential is not None:
            probes.append(self._show("credential", probe_credential(node, group.credential)))
        return probes

    def _show(self, what: str, probe: Probe) -> Probe:
        self.stdout.write(f"{what}: {'ok' if probe.ok else 'FAILED'}: {probe.sentence}")
        return probe
