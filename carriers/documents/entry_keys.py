"""Readers for the keys of an entry. Each mistake is recorded with its place in the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ValidationError

from carriers.documents.items import Item, Problems, Values
from carriers.values.addresses import clean_network, parse_sip_address, usual_port
from carriers.values.names import composed

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


def named_place(place: str, entry: Values) -> str:
    name = entry.get("name")
    return f"{place} “{name[:64]}”" if isinstance(name, str) and name else place


def read_mapping(tree: Any, place: str, known: Iterable[str], problems: Problems) -> Values:
    """Return the known keys of a mapping, and refuse all others."""
    if not isinstance(tree, dict):
        problems.add(place, f"this must be a mapping with the keys {', '.join(known)}.")
        return {}
    for key in tree:
        if key not in known:
            problems.add(place, f"the key “{str(key)[:64]}” is not known; known are {', '.join(known)}.")
    return {key: value for key, value in tree.items() if key in known}


def read_item(
    entry: Values, place: str, known: tuple[str, ...], required: tuple[str, ...], problems: Problems
) -> tuple[Item, Values]:
    """Return a new item and the known keys of its entry."""
    item = Item(place, {})
    entry = read_mapping(entry, place, known, problems)
    for key in required:
        if key not in entry:
            item.refuse(key, "this key is missing.", problems)
    return item, entry


def read_entries(tree: Any, place: str, problems: Problems) -> Iterator[tuple[str, Any]]:
    if tree is None:
        return
    if not isinstance(tree, list):
        problems.add(place, "this must be a list.")
        return
    for index, entry in enumerate(tree):
        yield f"{place}[{index}]", entry


def read_mappings(tree: Any, place: str, problems: Problems) -> Iterator[tuple[str, Values]]:
    for spot, entry in read_entries(tree, place, problems):
        if isinstance(entry, dict):
            yield spot, entry
        else:
            problems.add(spot, "this must be a mapping of keys to values.")


def read_text(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = "" if entry[key] is None else entry[key]
    if isinstance(value, str):
        item.values[key] = value.strip()
    else:
        item.refuse(key, "this must be a text: put it in quotes.", problems)


def read_name(entry: Values, item: Item, problems: Problems) -> None:
    """Read a name and normalise it as models store it."""
    read_text(entry, "name", item, problems)
    if "name" in item.values:
        item.values["name"] = composed(item.values["name"])


def read_number(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = entry[key]
    text = value.strip() if isinstance(value, str) else ""
    if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 10:
        item.values[key] = int(text)
    else:
        item.refuse(key, f"{_quoted(value)} is not a whole number.", problems)


def read_flag(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = entry[key]
    word = value.strip().lower() if isinstance(value, str) else value
    if word is True or word in _TRUE:
        item.values[key] = True
    elif word is False or word in _FALSE:
        item.values[key] = False
    else:
        item.refuse(key, f"{_quoted(value)} is neither true nor false.", problems)


def read_address(entry: Values, key: str, item: Item, problems: Problems) -> None:
    """Read a host, with or without port and transport; refuse a ``port`` or ``transport`` key that contradicts it."""
    if entry.get("port", "") is None:
        item.values["port"] = None
    else:
        read_number(entry, "port", item, problems)
    read_text(entry, "transport", item, problems)
    read_text(entry, key, item, problems)
    if key not in item.values:
        return
    try:
        address = parse_sip_address(item.values[key])
    except ValidationError as error:
        item.refuse(key, " ".join(error.messages), problems)
        del item.values[key]
        return
    item.values[key] = address.host
    for name, typed in (("port", address.port), ("transport", address.transport)):
        if typed is None:
            continue
        if name in item.values and item.values[name] != typed:
            item.refuse(name, f"{key} says {typed}, this says {item.values[name]}: leave one out.", problems)
        item.values[name] = typed
    if item.values.get("port", "") is None:
        item.values["port"] = usual_port(address.host, item.values.get("transport"))


def read_sources(entry: Values, place: str, problems: Problems) -> list[str] | None:
    if "sources" not in entry:
        return None
    networks: list[str] = []
    for spot, value in read_entries(entry["sources"], f"{place}: sources", problems):
        if not isinstance(value, str):
            problems.add(spot, "this must be a network such as 198.51.100.0/24.")
            continue
        try:
            network = clean_network(value)
        except ValidationError as error:
            problems.add_error(spot, error)
            continue
        if network in networks:
            problems.add(spot, f"{network} stands here twice.")
        else:
            networks.append(network)
    return networks


def _quoted(value: Any) -> str:
    return f"“{value[:64]}”" if isinstance(value, str) else "this"
