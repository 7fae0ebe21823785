"""The rows that admit carrier groups and PBXs: their source networks, and the addresses of endpoints that may call."""

from __future__ import annotations

from collections.abc import Collection

from carriers.labels import group_label, pbx_label
from carriers.snapshots.records import Carriers, GroupRecord, SourceRecord
from carriers.values.addresses import host_ip, is_ipv4
from kamailio_bridge.modules.base import Projection
from kamailio_bridge.modules.sources.address_table import ADDRESSES, CARRIERS_GROUP, PBXS_GROUP
from kamailio_bridge.rows.ids import ENDPOINT_ADDRESS_OFFSET, row_id
from kamailio_bridge.rows.marks import group_tag, pbx_tag
from kamailio_bridge.rows.types import Notice, Row


def admission_rows(carriers: Carriers) -> Collection[Row]:
    """Return the rows of the table address that ``carriers`` need."""
    return project_sources(carriers).rows[ADDRESSES].values()


def project_sources(carriers: Carriers) -> Projection:
    """Project the rows of the table address, with a warning for each object that calls can't come from."""
    projection = Projection.of([ADDRESSES])
    for group in carriers.groups.values():
        if group.enabled:
            tag = group_tag(group.pk)
            _add_sources(projection, group_label(group), CARRIERS_GROUP, group.sources, tag)
            _add_endpoints(projection, group, tag)
    for pbx in carriers.pbxs.values():
        if pbx.enabled:
            _add_sources(projection, pbx_label(pbx), PBXS_GROUP, pbx.sources, pbx_tag(pbx.pk))
            if not pbx.sources:
                projection.warnings.append(
                    Notice(pbx_label(pbx), "has no source networks, so it gets calls but may not make any.")
                )
    return projection


def _add_sources(projection: Projection, label: str, grp: int, sources: tuple[SourceRecord, ...], tag: str) -> None:
    for source in sources:
        address, _, mask = source.network.partition("/")
        projection.add(ADDRESSES, label, row_id(source.pk), grp, address, int(mask or 0), 0, tag)


def _add_endpoints(projection: Projection, group: GroupRecord, tag: str) -> None:
    """Add the addresses of endpoints that may call us, each once, unless a source already admits it."""
    known = {source.network for source in group.sources}
    first = row_id(0, ENDPOINT_ADDRESS_OFFSET)
    for endpoint in group.endpoints:
        if not endpoint.may_call:
            continue
        address = _host_network(endpoint.host)
        if address is None:  # a DNS name: the collector admits the addresses that it leads to
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
