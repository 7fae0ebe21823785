"""Extra headers of a group: ``{name: X-Token, value: abc, secret: true}``. Secret values never come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from carriers.documents.entry_keys import read_flag, read_item, read_mappings, read_text
from carriers.documents.items import Item, Problems, Values
from carriers.models import ExtraHeader
from carriers.models.headers import MAX_HEADERS


def read_headers(entry: Values, place: str, problems: Problems) -> list[Item] | None:
    """Return an item for each header, None if the entry has no such key. A secret value is the item's password."""
    if "extra_headers" not in entry:
        return None
    place = f"{place}: extra_headers"
    headers = [_header(spot, each, problems) for spot, each in read_mappings(entry["extra_headers"], place, problems)]
    seen = set()
    for item in headers:
        name = item.values.get("name", "").lower()
        if name and name in seen:
            item.refuse("name", f"“{item.values['name'][:64]}” stands here twice.", problems)
        seen.add(name)
    if len(headers) > MAX_HEADERS:
        problems.add(place, f"these are {len(headers)} headers; at most {MAX_HEADERS} are possible.")
    return headers


def _header(place: str, entry: Values, problems: Problems) -> Item:
    item, entry = read_item(entry, place, ("name", "value", "secret"), ("name",), problems)
    read_text(entry, "name", item, problems)
    if entry.get("value") is not None:
        read_text(entry, "value", item, problems)
    read_flag(entry, "secret", item, problems)
    item.is_secret = item.values.pop("secret", False)
    if item.is_secret:
        item.password = item.values.pop("value", None) or None
    return item


def match_headers(
    items: Iterable[Item], stored: Iterable[ExtraHeader], problems: Problems
) -> list[tuple[Item, ExtraHeader]]:
    """Return each item with its stored or a new header, its values complete; a secret value left out stays."""
    known = {header.name.lower(): header for header in stored}
    pairs = []
    for item in items:
        header = known.get(item.values.get("name", "").lower()) or ExtraHeader()
        if item.is_secret:
            item.values |= {"value": "", "secret_value_ciphertext": _ciphertext(item, header, problems)}
        else:
            item.values |= {"value": item.values.get("value", ""), "secret_value_ciphertext": ""}
            if not item.values["value"] and "value" not in item.refused:
                item.refuse("value", "enter a value.", problems)
        pairs.append((item, header))
    return pairs


def _ciphertext(item: Item, stored: ExtraHeader, problems: Problems) -> str:
    if item.password is None:
        if not stored.is_secret and "value" not in item.refused:
            item.refuse("value", "a new secret header needs a value.", problems)
        return stored.secret_value_ciphertext
    if stored.secret_value_is(item.password):
        return stored.secret_value_ciphertext
    new = ExtraHeader()
    try:
        new.set_secret_value(item.password)
    except ValidationError as error:
        item.refuse("value", " ".join(error.messages), problems)
    return new.secret_value_ciphertext


def dump_headers(group: Any) -> list[dict[str, Any]]:
    """Return the headers of a carrier group, without secret values."""
    return [_dump(header) for header in group.extra_headers.all()]


def _dump(header: ExtraHeader) -> dict[str, Any]:
    return {"name": header.name, **({} if header.is_secret else {"value": header.value}), "secret": header.is_secret}
