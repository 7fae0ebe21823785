"""permissions: the addresses from which carriers (group 8) and PBXs (group 9) may send us calls."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Q

from carriers.labels import endpoint_label, group_label, pbx_label
from carriers.snapshots.records import Carriers, GroupRecord, SourceRecord
from carriers.values.addresses import host_ip, is_ipv4
from kamailio_bridge.modules.admission import CARRIERS_GROUP, PBXS_GROUP, host_mask
from kamailio_bridge.modules.base import (
    INCOMPLETE,
    KamailioModule,
    Loaded,
    ModuleChanges,
    NodeNames,
    Projection,
    as_list,
    expect_text,
    patient_reload,
    some,
)
from kamailio_bridge.modules.everybody import everybody_warnings
from kamailio_bridge.modules.overlaps import overlap_warnings
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc, understood
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, row_id
from kamailio_bridge.rows.types import Notice, Table
from kamailio_bridge.tables.models import Address

MAX_SUBNETS = 16_384  # modparam max_subnets: docs/kamailio-facts.md#address-rows

ADDRESSES = Table(
    model=Address,
    columns=("id", "grp", "ip_addr", "mask", "port", "tag"),
    ours=Q(grp=CARRIERS_GROUP, tag__startswith="carrier-") | Q(grp=PBXS_GROUP, tag__startswith="pbx-"),
)


class _Loaded(NamedTuple):
    grp: int
    ip_addr: str
    mask: int
    tag: str
    port: int = 0


class PermissionsModule(KamailioModule):
    name = "permissions"
    tables = (ADDRESSES,)
    reload_method = "permissions.addressReload"

    def project(self, carriers: Carriers, nodes: NodeNames) -> Projection:
        projection = Projection.of(self.tables)
        for group in carriers.groups.values():
            if group.enabled:
                tag = f"carrier-{group.pk}"
                _add_sources(projection, group_label(group), CARRIERS_GROUP, group.sources, tag)
                _add_endpoints(projection, group, tag)
        for pbx in carriers.pbxs.values():
            if pbx.enabled:
                _add_sources(projection, pbx_label(pbx), PBXS_GROUP, pbx.sources, f"pbx-{pbx.pk}")
                if not pbx.sources:
                    projection.warnings.append(
                        Notice(pbx_label(pbx), "has no source networks, so it gets calls but may not make any.")
                    )
        projection.warnings += overlap_warnings(projection.rows[ADDRESSES].values())
        projection.warnings += everybody_warnings(projection.rows[ADDRESSES].values())
        subnets = sum(row.values[3] != host_mask(row.values[2]) for row in projection.rows[ADDRESSES].values())
        if subnets > MAX_SUBNETS:
            projection.problems.append(
                Notice("Source networks", f"{subnets} networks are more than the {MAX_SUBNETS} that Kamailio holds.")
            )
        return projection

    def reload(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> str:
        answer = patient_reload(node.rpc, self.reload_method)
        text = expect_text(self.reload_method, answer, lambda text: text == "Reload OK")
        return f"{text}, {INCOMPLETE} as an address" if _domains(node.rpc) else text

    def verify_calls(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        return ["permissions.addressDump", "permissions.subnetDump"]

    def verify(self, node: Node, wanted: Projection, changes: ModuleChanges | None) -> list[str]:
        """Compare the dumps with the rows; entries of foreign rows are nobody's business here."""
        expected = {
            _Loaded(int(grp or 0), str(ip_addr), int(mask or 0), str(tag)): row
            for row in wanted.rows[ADDRESSES].values()
            for _, grp, ip_addr, mask, _, tag in [row.values]
        }
        loaded = {entry for entry in dump(node.rpc) if entry.tag.startswith(("carrier-", "pbx-"))}
        problems = []
        missing = [expected[entry] for entry in sorted(expected.keys() - loaded)]
        if missing:
            problems.append(
                "Kamailio did not load the source "
                + some(f"{row.values[2]}/{row.values[3]} of {row.label} (address row {row.pk})" for row in missing)
                + ". Press Reload Kamailio again; its log says more."
            )
        domains = sorted(name for name, tag in _domains(node.rpc) if tag.startswith(("carrier-", "pbx-")))
        if domains:
            problems.append(
                f"Kamailio takes {some(domains)} for a domain name, which never matches a source. Reload again."
            )
        stray = sorted(loaded - expected.keys())
        if stray:
            problems.append(
                "Kamailio still admits "
                + some(f"{entry.ip_addr}/{entry.mask} ({entry.tag})" for entry in stray)
                + ", which is no longer configured. Press Reload Kamailio again."
            )
        return problems

    def foreign_faults(self, loaded: Loaded) -> list[str]:
        """Name rows with a mask or group that Kamailio refuses, which fails the reload and the next start.

        And those without an address: Kamailio takes them for domain names.
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


def _add_sources(projection: Projection, label: str, grp: int, sources: tuple[SourceRecord, ...], tag: str) -> None:
    for source in sources:
        address, _, mask = source.network.partition("/")
        projection.add(ADDRESSES, label, row_id(source.pk), grp, address, int(mask or 0), 0, tag)


def _add_endpoints(projection: Projection, group: GroupRecord, tag: str) -> None:
    """Add the addresses of endpoints that may call us, each once, where no source says the same already."""
    known = {source.network for source in group.sources}
    first = row_id(0, ENDPOINT_ADDRESS_OFFSET)
    for endpoint in group.endpoints:
        if not endpoint.may_call:
            continue
        address = _host_network(endpoint.host)
        if address is None:
            projection.warnings.append(
                Notice(
                    endpoint_label(group, endpoint),
                    "may call us, but Kamailio never matches a DNS name with a source address:"
                    " add the networks that it calls from as sources.",
                )
            )
            continue
        ip_addr, mask = address
        network = f"{ip_addr}/{mask}"
        if network not in known:
            known.add(network)
            projection.add(
                ADDRESSES,
                (group, endpoint),
                first + endpoint.pk,
                CARRIERS_GROUP,
                ip_addr,
                mask,
                0,
                tag,
            )


def _host_network(host: str) -> tuple[str, int] | None:
    """Return an endpoint's own address and the mask of a single host; None for a DNS name."""
    if is_ipv4(host):
        return host, 32
    address = host_ip(host)
    return (str(address), address.max_prefixlen) if address is not None else None


def _domains(rpc: Rpc) -> list[tuple[str, str]]:
    """Return the rows that became domain names, with their tags."""
    with understood("permissions.domainDump"):
        return [
            (str(entry["item"]["domain_name"]), str(entry["item"]["tag"] or ""))
            for entry in as_list(rpc.call("permissions.domainDump"))
        ]


def dump(rpc: Rpc) -> Iterator[_Loaded]:
    """Yield what the node holds, in the order in which it looks: single addresses and subnets come in two dumps."""
    for method in ("permissions.addressDump", "permissions.subnetDump"):
        with understood(method):
            for entry in as_list(rpc.call(method)):
                item = entry["item"]
                address = ipaddress.ip_address(item["ip"])
                mask = int(item.get("mask", address.max_prefixlen))
                yield _Loaded(int(entry["group"]), str(address), mask, *_tag_and_port(item))


def _tag_and_port(item: dict[str, Any]) -> tuple[str, int]:
    return str(item["tag"] or ""), int(item.get("port") or 0)
