"""The carriers as a document. It has no passwords: loading it keeps the stored ones."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import yaml

from carriers.documents.headers import dump_headers
from carriers.documents.topics import dump_topics
from carriers.models import PBX, CarrierGroup, Condition, Endpoint, InboundRoute, OutboundRoute, OutboundRouteGroup
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from carriers.values.addresses import with_port

_ENDPOINT_KEYS = ("name", "host", "port", "transport", "strip", "prefix", "direction", "weight", "socket", "enabled")
CSV_COLUMNS = ("carrier_group", "group_enabled", "selection", *(f"endpoint_{key}" for key in _ENDPOINT_KEYS))
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def carriers_document(advance: Callable[[int], object] = lambda _done: None) -> dict[str, Any]:
    """Return all carriers as a tree, which does not depend on the order of rows in the database."""
    groups = CarrierGroup.objects.order_by("name", "pk").prefetch_related(
        "endpoints", "sources", "credential", "extra_headers"
    )
    routes = OutboundRoute.objects.order_by("prefix", "pk").select_related("condition")
    routes = routes.prefetch_related("route_groups__group", "route_groups__condition")
    sections = ("carrier_groups", "pbxs", "conditions", "outbound_routes", "inbound_routes")
    tree: dict[str, Any] = {section: [] for section in sections}
    for group in groups:
        tree["carrier_groups"].append(group_entry(group))
        advance(1)
    for pbx in PBX.objects.order_by("name", "pk").prefetch_related("sources"):
        tree["pbxs"].append(
            {
                "name": pbx.name,
                "enabled": pbx.enabled,
                "sources": [source.network for source in pbx.sources.all()],
                "host": pbx.host,
                "port": pbx.port,
                "transport": pbx.transport,
                **dump_topics(pbx, PBX_TOPICS),
            }
        )
    for condition in Condition.objects.order_by("name", "pk").prefetch_related("condition_pbxs__pbx"):
        tree["conditions"].append(_condition(condition))
    for route in routes:
        tree["outbound_routes"].append(_outbound_route(route))
    inbound_routes = InboundRoute.objects.order_by("prefix", "pk").select_related("pbx")
    for inbound in inbound_routes.prefetch_related("route_carriers__group", "route_carriers__pbx"):
        tree["inbound_routes"].append(
            {
                "prefix": inbound.prefix,
                "enabled": inbound.enabled,
                "pbx": inbound.pbx.name,
                "by_carrier": sorted(
                    ({"group": each.group.name, "pbx": each.pbx.name} for each in inbound.route_carriers.all()),
                    key=itemgetter("group"),
                ),
                "fall_through": inbound.fall_through,
            }
        )
    return tree


def _condition(condition: Condition) -> dict[str, Any]:
    pbxs = sorted(each.pbx.name for each in condition.condition_pbxs.all())
    return {
        "name": condition.name,
        "pbxs": None if condition.any_pbx else pbxs,
        "hours": condition.hours,
        "holidays": condition.holidays,
        "outside": condition.outside,
        "time_zone": condition.time_zone,
    }


def _limited(entry: OutboundRouteGroup) -> Any:
    """Return the name of a route's carrier group, or a mapping if it has a share or a condition."""
    limits: dict[str, Any] = {} if entry.share is None else {"share": entry.share}
    if entry.condition is not None:
        limits["condition"] = entry.condition.name
    return {"group": entry.group.name, **limits} if limits else entry.group.name


def _outbound_route(route: OutboundRoute) -> dict[str, Any]:
    refuses = route.refuse_code is not None
    return {
        "prefix": route.prefix,
        "enabled": route.enabled,
        "condition": route.condition.name if route.condition is not None else None,
        "groups": [_limited(entry) for entry in route.route_groups.all()],
        "refuse": {"code": route.refuse_code, "reason": route.refuse_reason} if refuses else None,
        "fall_through": route.fall_through,
    }


def group_entry(group: CarrierGroup) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "name": group.name,
        "enabled": group.enabled,
        "selection": group.selection,
        "endpoints": [_endpoint(endpoint) for endpoint in group.endpoints.all()],
        "sources": [source.network for source in group.sources.all()],
    }
    tree |= {"template": group.template, "template_version": group.template_version}
    tree["extra_headers"] = dump_headers(group)
    tree |= dump_topics(group, GROUP_TOPICS)
    credential = getattr(group, "credential", None)
    if credential is not None:
        tree["credential"] = {
            "username": credential.username,
            "auth_username": credential.auth_username,
            "registrar": with_port(credential.registrar, credential.port) if credential.registrar else "",
            **({"port": None} if credential.port is None else {}),
            "transport": credential.transport,
            "domain": credential.domain,
            "calls_to_domain": credential.calls_to_domain,
            "more_registrars": credential.more_registrars,
            "contact_user": credential.contact_user,
            "whole_trunk": credential.whole_trunk,
            "service_route": credential.service_route,
            "realm": credential.realm,
            "more_realms": credential.more_realms,
            "register": credential.register,
            "expires": credential.expires,
        }
    return tree


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {key: getattr(endpoint, key) for key in _ENDPOINT_KEYS}


def dump_yaml(tree: dict[str, Any]) -> str:
    """Return the tree as YAML, with its keys in reading order."""
    return yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)


def dump_json(tree: dict[str, Any]) -> str:
    """Return the tree as JSON."""
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def dump_csv(tree: dict[str, Any]) -> str:
    """Return CSV for spreadsheets, one row per endpoint; a group without endpoints has one row. It can't be loaded.

    An apostrophe precedes each cell that a spreadsheet would take for a formula, such as a prefix ``+1``.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for group in tree["carrier_groups"]:
        for endpoint in group["endpoints"] or [{}]:
            cells = [group["name"], group["enabled"], group["selection"]]
            cells += [endpoint.get(key, "") for key in _ENDPOINT_KEYS]
            writer.writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_SIGNS) else cell
