"""Parse the plain tree into items. Each key is checked, and each mistake has its place.

An item holds only the keys that the document sets: other values stay as stored, or get their default in a new object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from carriers.documents.entry_keys import (
    named_place,
    read_address,
    read_flag,
    read_item,
    read_mapping,
    read_mappings,
    read_name,
    read_number,
    read_sources,
    read_text,
)
from carriers.documents.headers import read_headers
from carriers.documents.items import Document, Item, Problems, Values
from carriers.documents.route_tree import read_condition, read_inbound_route, read_outbound_route
from carriers.documents.templates import TEMPLATE_KEYS, fill_template, read_template
from carriers.documents.topics import read_topics, topic_keys
from carriers.models import PBX, CarrierGroup
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS


def parse_document(tree: Any, problems: Problems) -> Document:
    """Return the parsed tree. Mistakes are added to ``problems`` and left out of the result."""
    if tree is None:
        problems.add("document", "it is empty.")
        return Document()
    sections: dict[str, Callable[[str, Values, Problems], Item]] = {
        "carrier_groups": _group,
        "pbxs": _pbx,
        "conditions": read_condition,
        "outbound_routes": read_outbound_route,
        "inbound_routes": read_inbound_route,
    }
    mapping = read_mapping(tree, "document", sections.keys(), problems)
    document = Document()
    for section, parse in sections.items():
        if section in mapping:
            items = [
                parse(place, entry, problems) for place, entry in read_mappings(mapping[section], section, problems)
            ]
            setattr(document, section, items)
    return document


def _group(place: str, entry: Values, problems: Problems) -> Item:
    place = named_place(place, entry)
    entry = fill_template(entry, place, problems)
    keys = ("name", "enabled", "selection", "endpoints", "sources", "credential", "extra_headers", *TEMPLATE_KEYS)
    item, entry = read_item(entry, place, (*keys, *topic_keys(GROUP_TOPICS)), ("name",), problems)
    read_name(entry, item, problems)
    read_flag(entry, "enabled", item, problems)
    read_text(entry, "selection", item, problems)
    read_template(entry, item, problems)
    if "endpoints" in entry:
        item.endpoints = [
            _endpoint(spot, each, problems)
            for spot, each in read_mappings(entry["endpoints"], f"{place}: endpoints", problems)
        ]
        _refuse_twins(item.endpoints, problems)
    item.sources = read_sources(entry, place, problems)
    item.headers = read_headers(entry, place, problems)
    read_topics(entry, item, CarrierGroup, GROUP_TOPICS, problems)
    if "credential" in entry:
        if entry["credential"] is None:
            item.removes_credential = True
        elif isinstance(entry["credential"], dict):
            item.credential = _credential(f"{place}: credential", entry["credential"], problems)
        else:
            problems.add(f"{place}: credential", "this must be a mapping of keys to values, or null for none.")
    return item


def _endpoint(place: str, entry: Values, problems: Problems) -> Item:
    keys = ("name", "host", "port", "transport", "strip", "prefix", "direction", "weight", "socket", "enabled")
    item, entry = read_item(entry, place, keys, ("host",), problems)
    read_name(entry, item, problems)
    read_address(entry, "host", item, problems)
    for key in ("strip", "weight"):
        read_number(entry, key, item, problems)
    for key in ("prefix", "direction", "socket"):
        read_text(entry, key, item, problems)
    read_flag(entry, "enabled", item, problems)
    return item


def _credential(place: str, entry: Values, problems: Problems) -> Item:
    texts = ("username", "auth_username", "domain", "more_registrars", "contact_user", "realm", "more_realms")
    flags = ("register", "calls_to_domain", "whole_trunk", "service_route")
    keys = (*texts, "password", "registrar", "port", "transport", *flags, "expires")
    item, entry = read_item(entry, place, keys, ("username",), problems)
    for key in texts:
        read_text(entry, key, item, problems)
    if entry.get("registrar", "unset") in ("", None):
        item.values["registrar"] = ""
    else:
        read_address(entry, "registrar", item, problems)
    for key in flags:
        read_flag(entry, key, item, problems)
    read_number(entry, "expires", item, problems)
    if entry.get("password") is not None:
        if isinstance(entry["password"], str):
            item.password = entry["password"] or None
        else:
            item.refuse("password", "this must be a text: put it in quotes.", problems)
    return item


def _pbx(place: str, entry: Values, problems: Problems) -> Item:
    place = named_place(place, entry)
    keys = ("name", "enabled", "host", "port", "transport", "sources", *topic_keys(PBX_TOPICS))
    item, entry = read_item(entry, place, keys, ("name",), problems)
    read_name(entry, item, problems)
    read_flag(entry, "enabled", item, problems)
    read_address(entry, "host", item, problems)
    read_topics(entry, item, PBX, PBX_TOPICS, problems)
    item.sources = read_sources(entry, place, problems)
    return item


def _refuse_twins(endpoints: list[Item], problems: Problems) -> None:
    seen = set()
    for item in endpoints:
        key = tuple(
            item.values.get(name, default)
            for name, default in (("host", None), ("port", 5060), ("transport", "udp"), ("strip", 0), ("prefix", ""))
        )
        if key[0] is not None and key in seen:
            problems.add(item.place, "another endpoint of this group has the same address, strip and prefix.")
        seen.add(key)
