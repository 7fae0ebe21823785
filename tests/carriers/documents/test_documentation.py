"""docs/carriers-document.md is true: its example loads, and its tables name every key with its default and bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from carriers.documents import carriers_document, load_document, read_document
from carriers.models import (
    PBX,
    AuthCredential,
    CarrierGroup,
    Condition,
    Endpoint,
    ExtraHeader,
    InboundRoute,
    OutboundRoute,
)
from carriers.models.credentials import MAX_PASSWORD_LENGTH

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "carriers-document.md").read_text(encoding="utf-8")

TABLES: dict[str, list[type[models.Model]]] = {
    "carrier_groups": [CarrierGroup],
    "endpoints of a carrier group": [Endpoint],
    "credential of a carrier group": [AuthCredential],
    "identity of a carrier group": [CarrierGroup],
    "numbers of a carrier group": [CarrierGroup],
    "number_plan of a PBX": [PBX],
    "extra_headers of a carrier group": [ExtraHeader],
    "failover of a carrier group": [CarrierGroup],
    "tls of a carrier group": [CarrierGroup],
    "pbxs": [PBX],
    "identity of a PBX": [PBX],
    "backups of a PBX": [PBX],
    "conditions": [Condition],
    "outbound_routes, inbound_routes": [OutboundRoute, InboundRoute],
}
ENTRIES = {
    "carrier_groups": ["carrier_groups"],
    "endpoints of a carrier group": ["carrier_groups", "endpoints"],
    "credential of a carrier group": ["carrier_groups", "credential"],
    "identity of a carrier group": ["carrier_groups", "identity"],
    "numbers of a carrier group": ["carrier_groups", "numbers"],
    "number_plan of a PBX": ["pbxs", "number_plan"],
    "extra_headers of a carrier group": ["carrier_groups", "extra_headers"],
    "failover of a carrier group": ["carrier_groups", "failover"],
    "tls of a carrier group": ["carrier_groups", "tls"],
    "host_names of a carrier group": ["carrier_groups", "host_names"],
    "pbxs": ["pbxs"],
    "identity of a PBX": ["pbxs", "identity"],
    "backups of a PBX": ["pbxs", "backups"],
    "conditions": ["conditions"],
    "outbound_routes, inbound_routes": ["outbound_routes"],
}


def table(title: str) -> dict[str, tuple[str, str]]:
    """Return default and meaning of each key, as the section's table has them."""
    section = TEXT.partition(f"\n### {title}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", section, flags=re.MULTILINE)
    return {key: (default, meaning) for key, default, meaning in rows}


def example() -> Any:
    return read_document(TEXT.partition("```yaml\n")[2].partition("```")[0])


@pytest.mark.django_db
def test_the_example_loads() -> None:
    lines = load_document(example()).lines()
    assert lines[0] == "carrier groups: 2 created, 0 changed, 0 unchanged"
    tree = carriers_document()
    acme, trunk = tree["carrier_groups"]
    assert [(each["host"], each["port"], each["transport"]) for each in acme["endpoints"]] == [
        ("203.0.113.7", 5060, "udp"),
        ("gw.acme.example", 5070, "tcp"),
    ]
    assert (trunk["credential"]["username"], trunk["endpoints"][0]["host"]) == ("1000", "2001:db8::1")
    assert AuthCredential.objects.get().password_is("a secret: in quotes")
    assert load_document(example(), prune=True).lines()[0].endswith("2 unchanged")


@pytest.mark.django_db
@pytest.mark.parametrize("title", TABLES)
def test_every_key_is_in_its_table(title: str) -> None:
    load_document(example())
    entry: Any = carriers_document()[ENTRIES[title][0]][-1]
    for key in ENTRIES[title][1:]:
        entry = entry[key][0] if key in ("endpoints", "extra_headers") else entry[key]
    keys = set(table(title))
    assert set(entry) <= keys
    assert keys - set(entry) == {
        "carrier_groups": {"answers"},
        "credential of a carrier group": {"password", "port"},
        "outbound_routes, inbound_routes": {"pbx", "by_carrier"},
        "tls of a carrier group": {"client_key"},
    }.get(title, set())


@pytest.mark.parametrize("title", TABLES)
def test_defaults_and_bounds_are_those_of_the_models(title: str) -> None:
    for key, (default, meaning) in table(title).items():
        for model in TABLES[title]:
            field = next((found for found in model._meta.concrete_fields if found.name == key), None)
            if field is None or field.is_relation:
                continue
            if default.startswith("`"):
                value = "null" if field.get_default() is None else str(field.get_default())
                assert value.lower() == default.strip('`"').lower(), (title, key)
            if meaning == "as above":
                continue
            numbers = {int(number) for number in re.findall(r"\d+", meaning)}
            if isinstance(field, models.IntegerField):
                least = max(each.limit_value for each in field.validators if isinstance(each, MinValueValidator))
                most = min(each.limit_value for each in field.validators if isinstance(each, MaxValueValidator))
                assert {least, most} <= numbers, (title, key)
            elif isinstance(field, models.CharField) and not field.choices:
                assert field.max_length in numbers, (title, key)
            for value, _ in field.flatchoices:
                assert f"`{value}`" in meaning, (title, key)


def test_the_bound_of_a_password() -> None:
    assert f"up to {MAX_PASSWORD_LENGTH} characters" in table("credential of a carrier group")["password"][1]
