"""permissions: the addresses from which carriers (group 8) and PBXs (group 9) may send us calls."""

from __future__ import annotations

from collections.abc import Iterator

from carriers.snapshots.records import Carriers
from carriers.values.addresses import host_ip
from kamailio_bridge.modules.acceptance import accept_permissions
from kamailio_bridge.modules.acceptance.accepted import Handler
from kamailio_bridge.modules.base import (
    INCOMPLETE,
    KamailioModule,
    Loaded,
    ModuleChanges,
    NodeNames,
    Projection,
    expect_text,
    join_first,
    patient_reload,
)
from kamailio_bridge.modules.sources.address_dump import LoadedAddress, dump_addresses, dump_domains
from kamailio_bridge.modules.sources.address_table import ADDRESSES, GRP, IP_ADDR, MASK, TAG, host_mask, network_of
from kamailio_bridge.modules.sources.admission_rows import project_sources
from kamailio_bridge.modules.sources.everybody import everybody_warnings
from kamailio_bridge.modules.sources.overlaps import overlap_warnings
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.rows.marks import GROUP_TAG, PBX_TAG
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.rows.types import Notice
from kamailio_bridge.tables.models import Address

OUR_TAGS = (GROUP_TAG, PBX_TAG)
MAX_SUBNETS = 16_384  # modparam max_subnets: docs/kamailio-facts.md#address-rows


class PermissionsModule(KamailioModule):
    name = "permissions"
    tables = (ADDRESSES,)
    reload_method = "permissions.addressReload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = project_sources(carriers)
        rows = projection.rows[ADDRESSES].values()
        projection.warnings += overlap_warnings(rows)
        projection.warnings += everybody_warnings(rows)
        subnets = sum(row.values[MASK] != host_mask(row.values[IP_ADDR]) for row in rows)
        if subnets > MAX_SUBNETS:
            projection.problems.append(
                Notice("Source networks", f"{subnets} networks are more than the {MAX_SUBNETS} that Kamailio holds.")
            )
        return projection

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = patient_reload(node.rpc, self.reload_method)
        text = expect_text(self.reload_method, answer, lambda text: text == "Reload OK")
        return f"{text}, {INCOMPLETE} as an address" if dump_domains(node.rpc) else text

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return ["permissions.addressDump", "permissions.subnetDump"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the dumps with our rows, and ignore entries of other programs' rows."""
        expected = {
            LoadedAddress(
                int(row.values[GRP] or 0), str(row.values[IP_ADDR]), int(row.values[MASK] or 0), str(row.values[TAG])
            ): row
            for row in wanted.rows[ADDRESSES].values()
        }
        loaded = {entry for entry in dump_addresses(node.rpc) if entry.tag.startswith(OUR_TAGS)}
        problems = []
        missing = [expected[entry] for entry in sorted(expected.keys() - loaded)]
        if missing:
            problems.append(
                "Kamailio did not load the source "
                + join_first(f"{network_of(row)} of {row.label} (address row {row.pk})" for row in missing)
                + ". Press Reload Kamailio again; its log says more."
            )
        domains = sorted(name for name, tag in dump_domains(node.rpc) if tag.startswith(OUR_TAGS))
        if domains:
            problems.append(
                f"Kamailio takes {join_first(domains)} for a domain name, which never matches a source. Reload again."
            )
        stray = sorted(loaded - expected.keys())
        if stray:
            problems.append(
                "Kamailio still admits "
                + join_first(f"{entry.ip_addr}/{entry.mask} ({entry.tag})" for entry in stray)
                + ", which is no longer configured. Press Reload Kamailio again."
            )
        return problems

    def accept_handler(self, row: RowDrift) -> Handler | None:
        return accept_permissions.handler_of(row)

    def foreign_faults(self, loaded: Loaded) -> list[str]:
        """Name rows with a mask or group that Kamailio refuses, which fail the reload and the next start.

        Also name those without an address: Kamailio takes them for domain names.
        """
        return [
            f"row {pk} of the table address ({ip_addr}, mask {mask}, grp {grp}) {fault}"
            for pk, grp, ip_addr, mask in Address.objects.exclude(ADDRESSES.ours).values_list(
                "pk", "grp", "ip_addr", "mask"
            )
            for fault in _faults(grp, str(ip_addr), mask)
        ]


def _faults(grp: int, ip_addr: str, mask: int) -> Iterator[str]:
    if grp < 1 or not 0 <= mask <= host_mask(ip_addr):
        yield (
            "is one that Kamailio refuses: put it right or remove it, because Kamailio would not even start with it."
        )
    elif host_ip(ip_addr) is None:
        yield "is a domain name to Kamailio, and no source ever matches it: write an address and a mask, or remove it."
