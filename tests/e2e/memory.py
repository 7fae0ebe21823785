"""A node's memory: actual and expected contents.

What is expected is said here again, from the models, in the plain words of the design's table; nothing of the product's
projection is used, so that its mistakes show.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from carriers.models import PBX, AuthCredential, CarrierGroup, Endpoint, InboundRoute, OutboundRoute
from kamailio_bridge.nodes.rpc import CallFailed, Rpc
from tests.e2e.sip.digest import md5

PBX_SETS = 100_000_000


def uri(row: Any) -> str:
    return f"sip:{row.host}:{row.port}" + (";transport=tcp" if row.transport == "tcp" else "")


def outbound_endpoints(group: CarrierGroup) -> list[Endpoint]:
    """Return the endpoints that get calls, in order."""
    endpoints = [endpoint for endpoint in group.endpoints.all() if endpoint.enabled and endpoint.direction != "inbound"]
    return sorted(endpoints, key=lambda endpoint: (endpoint.position, endpoint.pk)) if group.enabled else []


def expected_sets() -> dict[int, list[tuple[str, dict[str, str]]]]:
    """Return the destinations of each dispatcher set in order, with their attributes."""
    sets = {}
    for group in CarrierGroup.objects.all():
        destinations = []
        for endpoint in outbound_endpoints(group):
            attrs = {"gwid": str(endpoint.pk), "strip": str(endpoint.strip)}
            if endpoint.prefix:
                attrs["prefix"] = endpoint.prefix
            if AuthCredential.objects.filter(group=group).exists():
                attrs["uac"] = f"carrier-{group.pk}"
            if group.selection == "weight":
                attrs["rweight"] = str(endpoint.weight)
            destinations.append((uri(endpoint), attrs))
        if destinations:
            sets[group.pk] = destinations
    for pbx in PBX.objects.filter(enabled=True):
        sets[PBX_SETS + pbx.pk] = [(uri(pbx), {"pbx": str(pbx.pk)})]
    return sets


def loaded_sets(rpc: Rpc) -> dict[int, list[tuple[str, dict[str, str]]]]:
    try:
        records = rpc.call("dispatcher.list")["RECORDS"]
    except CallFailed as failure:
        if failure.message != "No Destination Sets":
            raise
        return {}
    sets = {}
    for record in records:
        targets = [target["DEST"] for target in record["SET"]["TARGETS"]]
        targets.sort(key=lambda target: -target["PRIORITY"])
        sets[record["SET"]["ID"]] = [
            (target["URI"], dict(re.findall(r"(\w+)=([^;]*)", target["ATTRS"]["BODY"]))) for target in targets
        ]
    return sets


def expected_prefixes() -> dict[str, str]:
    """Return the sets of each key of the tree in order, or the answer of its route."""
    prefixes = {"s": ""}
    for route in OutboundRoute.objects.filter(enabled=True):
        groups = [member.group for member in route.route_groups.order_by("position", "pk")]
        sets = [group.pk for group in groups if outbound_endpoints(group)]
        if route.refuse_code is not None:
            prefixes[f"o{route.prefix}"] = f"refuse:{route.refuse_code}:{route.refuse_reason}"
        elif sets:
            prefixes[f"o{route.prefix}"] = ";".join(map(str, sets))
        elif not route.fall_through:
            prefixes[f"o{route.prefix}"] = "unavailable"
    for inbound in InboundRoute.objects.filter(enabled=True, pbx__enabled=True):
        prefixes[f"i{inbound.prefix}"] = str(PBX_SETS + inbound.pbx_id)
    for inbound in InboundRoute.objects.filter(enabled=True, pbx__enabled=False, fall_through=False):
        prefixes[f"i{inbound.prefix}"] = "unavailable"
    return prefixes


def loaded_prefixes(rpc: Rpc) -> dict[str, str]:
    entries = rpc.call("mtree.list", "routes")
    prefixes = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        assert len(entry["tvalue"]) == 1, entry
        assert entry["tvalue"][0].startswith("dsiprouter:"), entry
        prefixes[entry["tprefix"]] = entry["tvalue"][0].removeprefix("dsiprouter:")
    return prefixes


def expected_addresses() -> set[tuple[int, str, str]]:
    """Return the admitted sources: group of the address table, network, tag."""
    admitted = set()
    for group in CarrierGroup.objects.filter(enabled=True):
        networks = {source.network for source in group.sources.all()}
        for endpoint in group.endpoints.filter(enabled=True).exclude(direction="outbound"):
            if endpoint.host[0].isdigit():
                networks.add(f"{endpoint.host}/32")
        admitted |= {(8, network, f"carrier-{group.pk}") for network in networks}
    for pbx in PBX.objects.filter(enabled=True):
        admitted |= {(9, source.network, f"pbx-{pbx.pk}") for source in pbx.sources.all()}
    return admitted


def loaded_addresses(rpc: Rpc) -> set[tuple[int, str, str]]:
    assert rpc.call("permissions.domainDump") == {}, "an address became a name, which never matches a source"
    admitted = set()
    for method in ("permissions.addressDump", "permissions.subnetDump"):
        entries = rpc.call(method)
        for entry in entries if isinstance(entries, list) else [entries] if entries else []:
            item = entry["item"]
            address = ipaddress.ip_address(item["ip"])
            network = ipaddress.ip_network((address, item.get("mask", address.max_prefixlen)), strict=False)
            admitted.add((entry["group"], str(network), item["tag"]))
    return admitted


def expected_credentials(passwords: dict[int, str]) -> dict[str, str]:
    return {
        f"carrier-{credential.group_id}": md5(
            f"{credential.username}:{credential.realm or credential.registrar}:{passwords[credential.group_id]}"
        )
        for credential in AuthCredential.objects.filter(group__enabled=True)
    }


def loaded_credentials(rpc: Rpc) -> dict[str, str]:
    entries = rpc.call("uac.reg_dump")
    records = entries if isinstance(entries, list) else [entries] if entries else []
    return {record["l_uuid"]: record["auth_ha1"] for record in records}
