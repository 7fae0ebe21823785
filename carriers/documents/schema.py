"""From the plain tree to records of what the document says, each key checked, each mistake with its place.

A record holds only the keys that were written: what a document leaves out stays as it is in the database, or takes its
default in a new object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from carriers.addresses import clean_network, parse_sip_address
from carriers.models import OutboundRoute, RefuseCode
from carriers.names import composed, name_key

Values = dict[str, Any]
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


@dataclass
class Item:
    """One object of the document: its place in words, and the values by the model's field names."""

    place: str
    values: Values
    endpoints: list[Item] | None = None
    sources: list[str] | None = None
    groups: list[str] | None = None
    pbx: str | None = None
    credential: Item | None = None
    removes_credential: bool = False
    password: str | None = field(default=None, repr=False)
    refused: set[str] = field(default_factory=set)  # keys that have their sentence already
    group_keys: list[int | None] = field(default_factory=list)  # a route's groups, once they are found
    lists_changed: bool = False

    def refuse(self, key: str, sentence: str, problems: Problems) -> None:
        """Say what is wrong with the value of a key."""
        self.refused.add(key)
        problems.add(f"{self.place}.{key}", sentence)


@dataclass
class Document:
    """The sections that the document has; one that it leaves out is None."""

    carrier_groups: list[Item] | None = None
    pbxs: list[Item] | None = None
    outbound_routes: list[Item] | None = None
    inbound_routes: list[Item] | None = None


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, place: str, sentence: str) -> None:
        self.sentences.append(f"{place}: {sentence}")

    def add_error(self, place: str, error: ValidationError) -> None:
        for message in error.messages:
            self.add(place, message)


def parse_document(tree: Any, problems: Problems) -> Document:
    """Read the whole tree. What is wrong goes to ``problems``, and is left out of the result."""
    if tree is None:
        problems.add("document", "it is empty.")
        return Document()
    sections: dict[str, Callable[[str, Values, Problems], Item]] = {
        "carrier_groups": _group,
        "pbxs": _pbx,
        "outbound_routes": _outbound_route,
        "inbound_routes": _inbound_route,
    }
    mapping = _mapping(tree, "document", sections.keys(), problems)
    document = Document()
    for section, parse in sections.items():
        if section in mapping:
            items = [parse(place, entry, problems) for place, entry in _mappings(mapping[section], section, problems)]
            setattr(document, section, items)
    return document


# --- Objects ----------------------------------------------------------------------------------------------------------


def _group(place: str, entry: Values, problems: Problems) -> Item:
    place = _named(place, entry)
    keys = ("name", "enabled", "selection", "endpoints", "sources", "credential")
    item, entry = _item(entry, place, keys, ("name",), problems)
    _name(entry, item, problems)
    _flag(entry, "enabled", item, problems)
    _text(entry, "selection", item, problems)
    if "endpoints" in entry:
        item.endpoints = [
            _endpoint(spot, each, problems)
            for spot, each in _mappings(entry["endpoints"], f"{place}: endpoints", problems)
        ]
        _refuse_twins(item.endpoints, problems)
    item.sources = _sources(entry, place, problems)
    if "credential" in entry:
        if entry["credential"] is None:
            item.removes_credential = True
        elif isinstance(entry["credential"], dict):
            item.credential = _credential(f"{place}: credential", entry["credential"], problems)
        else:
            problems.add(f"{place}: credential", "this must be a mapping of keys to values, or null for none.")
    return item


def _endpoint(place: str, entry: Values, problems: Problems) -> Item:
    keys = ("name", "host", "port", "transport", "strip", "prefix", "direction", "weight", "enabled")
    item, entry = _item(entry, place, keys, ("host",), problems)
    _name(entry, item, problems)
    _address(entry, "host", item, problems)
    for key in ("strip", "weight"):
        _number(entry, key, item, problems)
    for key in ("prefix", "direction"):
        _text(entry, key, item, problems)
    _flag(entry, "enabled", item, problems)
    return item


def _credential(place: str, entry: Values, problems: Problems) -> Item:
    keys = ("username", "auth_username", "password", "registrar", "port", "transport", "realm", "register", "expires")
    item, entry = _item(entry, place, keys, ("username", "registrar"), problems)
    for key in ("username", "auth_username", "realm"):
        _text(entry, key, item, problems)
    _address(entry, "registrar", item, problems)
    _flag(entry, "register", item, problems)
    _number(entry, "expires", item, problems)
    if entry.get("password") is not None:
        if isinstance(entry["password"], str):
            item.password = entry["password"] or None
        else:
            item.refuse("password", "this must be a text: put it in quotes.", problems)
    return item


def _pbx(place: str, entry: Values, problems: Problems) -> Item:
    place = _named(place, entry)
    keys = ("name", "enabled", "host", "port", "transport", "sources")
    item, entry = _item(entry, place, keys, ("name",), problems)
    _name(entry, item, problems)
    _flag(entry, "enabled", item, problems)
    _address(entry, "host", item, problems)
    item.sources = _sources(entry, place, problems)
    return item


def _outbound_route(place: str, entry: Values, problems: Problems) -> Item:
    keys = ("prefix", "enabled", "groups", "refuse", "fall_through")
    item, entry = _item(entry, place, keys, ("prefix",), problems)
    _text(entry, "prefix", item, problems)
    for key in ("enabled", "fall_through"):
        _flag(entry, key, item, problems)
    if "refuse" in entry:
        _refuse(entry["refuse"], item, problems)
    if "groups" in entry:
        item.groups = []
        for spot, name in _entries(entry["groups"], f"{place}.groups", problems):
            if not isinstance(name, str):
                problems.add(spot, "this must be the name of a carrier group.")
            elif name_key(name) in map(name_key, item.groups):
                problems.add(spot, f"“{name}” stands here twice.")
            else:
                item.groups.append(name)
    return item


def _refuse(entry: Any, route: Item, problems: Problems) -> None:
    """Read with what a route refuses its calls; null for not at all."""
    if entry is None:
        route.values |= {"refuse_code": None, "refuse_reason": ""}
        return
    place = f"{route.place}.refuse"
    item, entry = _item(entry, place, ("code", "reason"), ("code",), problems)
    _number(entry, "code", item, problems)
    _text(entry, "reason", item, problems)
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


def _inbound_route(place: str, entry: Values, problems: Problems) -> Item:
    item, entry = _item(entry, place, ("prefix", "enabled", "pbx", "fall_through"), ("prefix",), problems)
    _text(entry, "prefix", item, problems)
    for key in ("enabled", "fall_through"):
        _flag(entry, key, item, problems)
    if "pbx" in entry:
        if isinstance(entry["pbx"], str) and entry["pbx"]:
            item.pbx = entry["pbx"]
        else:
            item.refuse("pbx", "this must be the name of a PBX.", problems)
    return item


# --- Values -----------------------------------------------------------------------------------------------------------


def _named(place: str, entry: Values) -> str:
    name = entry.get("name")
    return f"{place} “{name[:64]}”" if isinstance(name, str) and name else place


def _mapping(tree: Any, place: str, known: Iterable[str], problems: Problems) -> Values:
    """Return the known keys of a mapping, and refuse all others."""
    if not isinstance(tree, dict):
        problems.add(place, f"this must be a mapping with the keys {', '.join(known)}.")
        return {}
    for key in tree:
        if key not in known:
            problems.add(place, f"the key “{str(key)[:64]}” is not known; known are {', '.join(known)}.")
    return {key: value for key, value in tree.items() if key in known}


def _item(
    entry: Values, place: str, known: tuple[str, ...], required: tuple[str, ...], problems: Problems
) -> tuple[Item, Values]:
    """Begin an item, and return it with the keys that it may have."""
    item = Item(place, {})
    entry = _mapping(entry, place, known, problems)
    for key in required:
        if key not in entry:
            item.refuse(key, "this key is missing.", problems)
    return item, entry


def _entries(tree: Any, place: str, problems: Problems) -> Iterator[tuple[str, Any]]:
    if tree is None:
        return
    if not isinstance(tree, list):
        problems.add(place, "this must be a list.")
        return
    for index, entry in enumerate(tree):
        yield f"{place}[{index}]", entry


def _mappings(tree: Any, place: str, problems: Problems) -> Iterator[tuple[str, Values]]:
    for spot, entry in _entries(tree, place, problems):
        if isinstance(entry, dict):
            yield spot, entry
        else:
            problems.add(spot, "this must be a mapping of keys to values.")


def _text(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = "" if entry[key] is None else entry[key]
    if isinstance(value, str):
        item.values[key] = value.strip()
    else:
        item.refuse(key, "this must be a text: put it in quotes.", problems)


def _name(entry: Values, item: Item, problems: Problems) -> None:
    """Read a name in the form in which names are stored."""
    _text(entry, "name", item, problems)
    if "name" in item.values:
        item.values["name"] = composed(item.values["name"])


def _number(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = entry[key]
    text = value.strip() if isinstance(value, str) else ""
    if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 10:
        item.values[key] = int(text)
    else:
        item.refuse(key, f"{_shown(value)} is not a whole number.", problems)


def _flag(entry: Values, key: str, item: Item, problems: Problems) -> None:
    if key not in entry:
        return
    value = entry[key]
    word = value.strip().lower() if isinstance(value, str) else value
    if word is True or word in _TRUE:
        item.values[key] = True
    elif word is False or word in _FALSE:
        item.values[key] = False
    else:
        item.refuse(key, f"{_shown(value)} is neither true nor false.", problems)


def _address(entry: Values, key: str, item: Item, problems: Problems) -> None:
    """Read a host that may bring its port and transport along; a key that says something else is refused."""
    _number(entry, "port", item, problems)
    _text(entry, "transport", item, problems)
    _text(entry, key, item, problems)
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


def _sources(entry: Values, place: str, problems: Problems) -> list[str] | None:
    if "sources" not in entry:
        return None
    networks: list[str] = []
    for spot, value in _entries(entry["sources"], f"{place}: sources", problems):
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


def _shown(value: Any) -> str:
    return f"“{value[:64]}”" if isinstance(value, str) else "this"
