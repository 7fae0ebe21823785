"""What a carrier group's template sets, and which values of the group it may ask for instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import models

from carriers.documents.dump import group_entry
from carriers.fields import CodesField, NameField, SipHostField
from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from carriers.models.topics.registry import GROUP_TOPICS
from carriers.providers.provider import PLACEHOLDER
from carriers.values.accounts import split_username

Place = tuple[str | int, ...]  # of a value in the group's entry: ("endpoints", 0, "host")

_ALWAYS = ("username", "auth_username", "password")
_USUALLY = ("contact_user", "from_user_value", "identity_number", "value")
_LEAST = 3  # characters of a value that is recognised in another


@dataclass(frozen=True)
class AskedValue:
    """A value that a template asks for, or may ask for. ``value`` is "" for a secret, which is in no entry."""

    name: str
    label: str
    value: str
    places: tuple[Place, ...]
    is_secret: bool = False
    is_always: bool = False  # it is never stored in a template
    is_usual: bool = False  # it is asked unless the operator says otherwise

    def question(self) -> dict[str, Any]:
        """Return the question as a template's file has it."""
        return {"name": self.name, "label": self.label, **({"secret": True} if self.is_secret else {})}


def settings_of(group: CarrierGroup, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the group's entry with what differs from the defaults, and with what ``before``, an earlier version, has.

    Otherwise a later version could not take a setting back to its default.
    """
    entry = group_entry(group)
    tree: dict[str, Any] = {}
    if group.selection != CarrierGroup.Selection.POSITION or "selection" in before:
        tree["selection"] = group.selection
    tree["endpoints"] = [_beyond_defaults(Endpoint, each) for each in entry["endpoints"]]
    if entry["sources"] or "sources" in before:
        tree["sources"] = entry["sources"]
    if "credential" in entry:
        tree["credential"] = _credential(group.credential, entry["credential"], before.get("credential") or {})
    elif "credential" in before:
        tree["credential"] = None
    if entry["extra_headers"] or "extra_headers" in before:
        tree["extra_headers"] = [
            {"name": header["name"], "value": header.get("value", ""), "secret": header["secret"]}
            for header in entry["extra_headers"]
        ]
    # The client certificate is this customer's own, and of no use without its key, which is a secret.
    entry["tls"].pop("client_certificate", None)
    for topic in GROUP_TOPICS:
        values = _beyond_defaults(CarrierGroup, entry[topic.key], before.get(topic.key, {}))
        if values:
            tree[topic.key] = values
    return tree


def _credential(credential: AuthCredential, entry: dict[str, Any], before: Collection[str]) -> dict[str, Any]:
    """Return the entry with host and port of the registration server apart, so that the host can be asked for."""
    del entry["registrar"]
    entry.pop("port", None)
    if credential.registrar:
        entry |= {"registrar": credential.registrar, "port": credential.port}
    return {**_beyond_defaults(AuthCredential, entry, before), "password": "{password}"}


def _beyond_defaults(
    model: type[models.Model], values: Mapping[str, Any], before: Collection[str] = ()
) -> dict[str, Any]:
    fields = {column.name: column for column in model._meta.concrete_fields}
    kept = {*before, "port"}  # a port that is left out of a document is the usual one, and not blank
    return {
        key: value
        for key, value in values.items()
        if key in kept or key not in fields or value != fields[key].get_default()
    }


def askable_values(tree: Mapping[str, Any]) -> list[AskedValue]:
    """Return the values of ``settings_of`` that a template may ask for, those that it always asks for first.

    Places with the same value are one question: the host of an endpoint is often the registration server, too.
    """
    found: dict[tuple[bool, str] | Place, AskedValue] = {}
    accounts = _accounts(tree)
    for place, value in _texts(tree):
        column = _column(place)
        is_always = place[-1] in _ALWAYS and place[0] == "credential"
        is_secret = place == ("credential", "password") or _is_secret_header(tree, place)
        if is_secret or PLACEHOLDER.search(value):
            is_always = True  # a value with braces would be taken for a question
        if not (is_always or _may_be_asked(column) or place[0] == "sources" or _is_header_value(place)):
            continue
        is_usual = place[-1] in _USUALLY or any(account in value for account in accounts)
        is_host = isinstance(column, SipHostField) or place[-1] == "realm"
        key = place if is_secret or len(value) < _LEAST else (is_host, value)
        same = found.get(key)
        if same is None:
            label = _label(tree, place, column)
            found[key] = AskedValue("", label, "" if is_secret else value, (place,), is_secret, is_always, is_usual)
        else:
            found[key] = replace(
                same,
                label=f"{same.label}, {_lower(_label(tree, place, column))}",
                places=(*same.places, place),
                is_always=same.is_always or is_always,
                is_usual=same.is_usual or is_usual,
            )
    return list(_with_names(sorted(found.values(), key=lambda each: (not each.is_always, not each.is_usual))))


def asking(tree: Mapping[str, Any], asked: Collection[AskedValue]) -> dict[str, Any]:
    """Return the tree with placeholders for the values that are asked."""
    names = {place: each.name for each in asked for place in each.places}
    return _replaced(tree, (), names)


def _replaced(value: Any, place: Place, names: Mapping[Place, str]) -> Any:
    if place in names:
        return f"{{{names[place]}}}"
    if isinstance(value, Mapping):
        return {key: _replaced(each, (*place, key), names) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, (*place, index), names) for index, each in enumerate(value)]
    return value


def _accounts(tree: Mapping[str, Any]) -> list[str]:
    """Return the names of the account that may be part of other values."""
    credential = tree.get("credential") or {}
    names = [split_username(credential.get("username", "")).user, credential.get("auth_username", "")]
    return [name for name in names if len(name) >= _LEAST]


def _texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, (*place, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*place, index))
    elif isinstance(value, str):
        yield place, value


def _is_secret_header(tree: Mapping[str, Any], place: Place) -> bool:
    return _is_header_value(place) and tree["extra_headers"][place[1]]["secret"]


def _is_header_value(place: Place) -> bool:
    return place[0] == "extra_headers" and place[-1] == "value"


def _column(place: Place) -> Any:
    owners = {"endpoints": Endpoint, "sources": SourceNetwork, "credential": AuthCredential}
    name = {"sources": "network", "extra_headers": ""}.get(str(place[0]), str(place[-1]))
    known = {column.name: column for column in owners.get(str(place[0]), CarrierGroup)._meta.concrete_fields}
    return known.get(name)


def _may_be_asked(column: Any) -> bool:
    if not isinstance(column, models.CharField) or column.choices or isinstance(column, NameField):
        return False
    return not isinstance(column, CodesField) or column.model is AuthCredential


def _label(tree: Mapping[str, Any], place: Place, column: Any) -> str:
    if place[-1] == "password":
        return "Password"
    if place[0] == "extra_headers":
        return str(tree["extra_headers"][place[1]]["name"])
    words = "source network" if place[0] == "sources" else str(column.verbose_name)
    label = words[:1].upper() + words[1:]
    numbered = len(place) > 1 and isinstance(place[1], int) and len(tree[str(place[0])]) > 1
    if not numbered:
        return label
    return f"{label} {int(place[1]) + 1}" if place[0] == "sources" else f"{label} of endpoint {int(place[1]) + 1}"


def _lower(label: str) -> str:
    return label if label[1:2].isupper() or label[1:2] == "-" else label[:1].lower() + label[1:]


def _with_names(values: list[AskedValue]) -> Iterator[AskedValue]:
    """Name the questions, each by what it asks for, and so that answers in documents are easy to read."""
    taken: set[str] = set()
    for each in values:
        place = each.places[0]
        name = {"sources": "source", "extra_headers": each.label, "credential": str(place[-1])}.get(str(place[0]), "")
        words = re.sub(r"[^a-z0-9]+", "_", (name or str(place[-1])).lower()).strip("_")
        first = name = words if words[:1].isalpha() else f"header_{words}"
        number = 2
        while name in taken:
            name, number = f"{first}_{number}", number + 1
        taken.add(name)
        yield replace(each, name=name)
