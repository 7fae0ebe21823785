"""manage.py test_carrier: ask a carrier group's endpoints and registrar whether they are there and accept us."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carriers.snapshots.records import Carriers, EndpointRecord, GroupRecord, read_carriers
from carriers.values.names import name_key
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.questions.credential_check import check_credential
from kamailio_bridge.questions.probe_slots import AllSlotsTaken, probe_slot
from kamailio_bridge.questions.probes import NoNode, Probe, ask_through, probe_endpoint


class Command(BaseCommand):
    help = (
        "Test a carrier group through Kamailio's own SIP stack, before or after it is applied: OPTIONS to each"
        " endpoint, and a REGISTER query that proves the credential without registering. A registration that fails all"
        " the same is a failure, too."
        " Changes nothing, here or at the carrier."
        " The exit status is 1 when something does not answer or is rejected."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="name of the carrier group")

    def handle(self, *args: Any, **options: Any) -> None:
        carriers = read_carriers()
        group = self._group(carriers, options["name"])
        try:
            with probe_slot():
                probes = self._probes(carriers, group, configured_nodes())
        except (AllSlotsTaken, NoNode) as error:
            raise CommandError(str(error)) from None
        if not probes:
            self.stdout.write("This carrier group has neither endpoints nor a credential: there is nothing to test.")
        if not all(probe.ok for probe in probes):
            raise SystemExit(1)

    def _group(self, carriers: Carriers, name: str) -> GroupRecord:
        groups = {name_key(group.name): group for group in carriers.groups.values()}
        if name_key(name) not in groups:
            known = ", ".join(sorted(group.name for group in groups.values())) or "none"
            raise CommandError(f"There is no carrier group “{name}”. Carrier groups: {known}.")
        return groups[name_key(name)]

    def _probes(self, carriers: Carriers, group: GroupRecord, nodes: list[Node]) -> list[Probe]:
        probes = [self._probe_endpoint(group, endpoint, nodes) for endpoint in group.endpoints]
        if group.credential is not None:
            probes.append(self._show("credential", check_credential(carriers, group.pk, nodes)))
        return probes

    def _probe_endpoint(self, group: GroupRecord, endpoint: EndpointRecord, nodes: list[Node]) -> Probe:
        probe = ask_through(nodes, lambda node: probe_endpoint(node, group, endpoint))
        return self._show(f"endpoint {endpoint.name or endpoint.host}", probe)

    def _show(self, what: str, probe: Probe) -> Probe:
        self.stdout.write(f"{what}: {'ok' if probe.ok else 'FAILED'}: {probe.sentence}")
        return probe
