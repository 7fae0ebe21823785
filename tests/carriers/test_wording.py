"""Fields that differ are put into words by the model: names, choices and order are its own, and secrets never shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from carriers.models import AuthCredential, CarrierGroup, Endpoint, OutboundRoute
from carriers.snapshots.state import CIPHERTEXTS, MODELS
from carriers.wording.field_words import (
    Phrase,
    Style,
    Words,
    changed_fields,
    changes_in_words,
    differences_in_words,
    field_changes,
    values_in_words,
)

QUOTING = Style(change=lambda name, old, new: f"{name} from {old} to {new}", quotes=True)


@pytest.mark.parametrize(
    ("model", "fields", "said"),
    [
        (Endpoint, {"strip": (0, 1)}, "strip 0 -> 1"),
        (Endpoint, {"name": ("", "main")}, "friendly name (blank) -> main"),
        (Endpoint, {"enabled": (True, False)}, "enabled yes -> no"),
        (Endpoint, {"direction": ("both", "inbound")}, "direction both ways -> it calls us"),
        (Endpoint, {"transport": ("udp", "tcp")}, "transport UDP -> TCP"),
        (CarrierGroup, {"selection": ("position", "weight")}, "selection of endpoints by position -> by weight"),
        (OutboundRoute, {"refuse_code": (None, 403)}, "refuse with (blank) -> 403 Forbidden"),
        (OutboundRoute, {"refuse_code": (None, 999)}, "refuse with (blank) -> 999"),
        (OutboundRoute, {"groups": (["A"], ["B", "C"])}, "groups: B, C added; A removed"),
        (AuthCredential, {"password_ciphertext": ("old", "new")}, "password changed"),
        (None, {"gone": ("a", "b")}, "gone a -> b"),
    ],
)
def test_changes_in_words(model: type[models.Model] | None, fields: dict[str, Any], said: str) -> None:
    assert changes_in_words(model, fields) == [said]


def test_fields_are_said_in_the_order_of_the_model_and_unknown_ones_last() -> None:
    assert changes_in_words(Endpoint, {"weight": (1, 2), "removed": ("a", "b"), "strip": (0, 1)}) == [
        "strip 0 -> 1",
        "weight 1 -> 2",
        "removed a -> b",
    ]


def test_a_style_may_quote_texts_and_words_stay_as_they_are() -> None:
    fields = {"name": ("", "main"), "strip": (0, 1), "group": (Words("one that is deleted"), "Acme")}
    assert changes_in_words(Endpoint, fields, QUOTING) == [
        "group from one that is deleted to “Acme”",
        "friendly name from (blank) to “main”",
        "strip from 0 to 1",
    ]


def test_a_new_object_is_said_by_what_it_has() -> None:
    values = {"name": "", "host": "203.0.113.7", "strip": 0, "enabled": True, "prefix": None}
    assert values_in_words(Endpoint, values) == ["address 203.0.113.7", "strip 0", "enabled yes"]
    assert values_in_words(AuthCredential, {"username": "1000", "password_ciphertext": "secret"}) == [
        "username 1000",
        "a password",
    ]


def test_a_phrase_says_fields_together_once() -> None:
    address = Phrase(("host", "port"), lambda _, new: [f"now at {new['host']}:{new['port']}"])
    style = Style(phrases={Endpoint: (address,)})
    old = {"host": "a", "port": 1, "strip": 0, "weight": 50}
    new = {"host": "b", "port": 2, "strip": 0, "weight": 75}
    fields = changed_fields(old, new)
    assert differences_in_words(Endpoint, fields, old, new, style) == ["now at b:2", "weight 50 -> 75"]
    assert differences_in_words(CarrierGroup, fields, old, new, style)[0] == "host a -> b"


@pytest.mark.parametrize("column", [(model, column) for model in MODELS for column in model._meta.concrete_fields])
def test_no_style_shows_a_secret(column: tuple[type[models.Model], models.Field]) -> None:
    """Also one that has no words of its own for secrets."""
    model, field = column
    shows = CIPHERTEXTS.get(model) != field.name and not hasattr(field, "in_words")
    for style in (Style(), Style(hidden_change="", hidden_value="")):
        said = str(changes_in_words(model, {field.name: ("before", "after")}, style))
        said += str(field_changes(model, {field.name: ("before", "after")}, style))
        said += str(values_in_words(model, {field.name: "after"}, style))
        assert ("after" in said) == ("before" in said) == shows
