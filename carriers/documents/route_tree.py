"""Parse the routes of a document, and their conditions: see ``tree.py``."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from carriers.documents.entry_keys import (
    named_place,
    read_entries,
    read_flag,
    read_item,
    read_mappings,
    read_name,
    read_number,
    read_text,
)
from carriers.documents.items import Item, Problems, Values
from carriers.models import OutboundRoute, OutboundRouteGroup, RefuseCode
from carriers.values.names import name_key


def read_outbound_route(place: str, entry: Values, problems: Problems) -> Item:
    keys = ("prefix", "enabled", "condition", "groups", "refuse", "fall_through")
    item, entry = read_item(entry, place, keys, ("prefix",), problems)
    read_text(entry, "prefix", item, problems)
    for key in ("enabled", "fall_through"):
        read_flag(entry, key, item, problems)
    if "condition" in entry:
        item.names_condition = True
        item.condition = _name(entry["condition"], f"{place}.condition", "condition", problems)
    if "refuse" in entry:
        _refuse(entry["refuse"], item, problems)
    if "groups" in entry:
        item.groups = []
        for spot, each in read_entries(entry["groups"], f"{place}.groups", problems):
            name, share, condition = each, None, None
            if isinstance(each, dict):
                name, share, condition = _limited_group(spot, each, problems)
            if not isinstance(name, str):
                problems.add(spot, "this must be the name of a carrier group.")
            elif name_key(name) in map(name_key, item.groups):
                problems.add(spot, f"“{name}” stands here twice.")
            else:
                item.groups.append(name)
                item.shares.append(share)
                item.conditions.append(condition)
    return item


def _limited_group(place: str, entry: Values, problems: Problems) -> tuple[Any, int | None, str | None]:
    """Read ``{group: name, share: 70, condition: name}``."""
    item, entry = read_item(entry, place, ("group", "share", "condition"), ("group",), problems)
    if entry.get("share") is not None:
        read_number(entry, "share", item, problems)
    share = item.values.get("share")
    if share is not None:
        try:
            OutboundRouteGroup._meta.get_field("share").run_validators(share)
        except ValidationError as error:
            item.refuse("share", " ".join(error.messages), problems)
    condition = _name(entry.get("condition"), f"{place}.condition", "condition", problems)
    return entry.get("group", ""), share, condition


def _name(value: Any, place: str, noun: str, problems: Problems) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    problems.add(place, f"this must be the name of a {noun}, or null.")
    return None


def _refuse(entry: Any, route: Item, problems: Problems) -> None:
    """Read the SIP answer with which a route refuses its calls, null for none."""
    if entry is None:
        route.values |= {"refuse_code": None, "refuse_reason": ""}
        return
    place = f"{route.place}.refuse"
    item, entry = read_item(entry, place, ("code", "reason"), ("code",), problems)
    read_number(entry, "code", item, problems)
    read_text(entry, "reason", item, problems)
    code, reason = item.values.get("code"), item.values.get("reason", "")
    if code is not None and code not in RefuseCode.values:
        possible = ", ".join(map(str, RefuseCode.values))
        item.refuse("code", f"{code} is not possible; possible are {possible}.", problems)
    try:
        OutboundRoute._meta.get_field("refuse_reason").run_validators(reason)
    except ValidationError as error:
        item.refuse("reason", " ".join(error.messages), problems)
    route.values |= {"refuse_code": code, "refuse_reason": reason}
    route.refused |= {f"refuse_{key}" for key in item.refused}


def read_inbound_route(place: str, entry: Values, problems: Problems) -> Item:
    item, entry = read_item(
        entry, place, ("prefix", "enabled", "pbx", "by_carrier", "fall_through"), ("prefix",), problems
    )
    read_text(entry, "prefix", item, problems)
    for key in ("enabled", "fall_through"):
        read_flag(entry, key, item, problems)
    if "pbx" in entry:
        if isinstance(entry["pbx"], str) and entry["pbx"]:
            item.pbx = entry["pbx"]
        else:
            item.refuse("pbx", "this must be the name of a PBX.", problems)
    if "by_carrier" in entry:
        item.carriers = []
        for spot, each in read_mappings(entry["by_carrier"], f"{place}.by_carrier", problems):
            _read_carrier(spot, each, item.carriers, problems)
    return item


def _read_carrier(place: str, entry: Values, carriers: list[tuple[str, str]], problems: Problems) -> None:
    """Read ``{group: name, pbx: name}``."""
    _, entry = read_item(entry, place, ("group", "pbx"), ("group", "pbx"), problems)
    group, pbx = entry.get("group"), entry.get("pbx")
    if not isinstance(group, str) or not isinstance(pbx, str):
        if "group" in entry and "pbx" in entry:
            problems.add(place, "these must be the names of a carrier group and of a PBX.")
    elif name_key(group) in (name_key(other) for other, _ in carriers):
        problems.add(place, f"“{group}” stands here twice.")
    else:
        carriers.append((group, pbx))


def read_condition(place: str, entry: Values, problems: Problems) -> Item:
    place = named_place(place, entry)
    texts = ("hours", "holidays", "time_zone")
    item, entry = read_item(entry, place, ("name", "pbxs", *texts, "outside"), ("name",), problems)
    read_name(entry, item, problems)
    for key in texts:
        read_text(entry, key, item, problems)
    read_flag(entry, "outside", item, problems)
    if "pbxs" in entry:
        item.values["any_pbx"] = entry["pbxs"] is None
        item.pbxs = []
        for spot, name in read_entries(entry["pbxs"], f"{place}.pbxs", problems):
            if not isinstance(name, str):
                problems.add(spot, "this must be the name of a PBX.")
            elif name_key(name) in map(name_key, item.pbxs):
                problems.add(spot, f"“{name}” stands here twice.")
            else:
                item.pbxs.append(name)
    return item
