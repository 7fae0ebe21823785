"""The quick check of single values says what Django's own says, and gives the same clean values."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from carriers.documents.loading.values import ValueCheck
from carriers.models import PBX, AuthCredential, CarrierGroup, Endpoint, OutboundRoute

VALUES: list[tuple[type[models.Model], dict[str, Any]]] = [
    (CarrierGroup, {"name": " Acme ", "enabled": "true"}),
    (CarrierGroup, {"name": ""}),
    (CarrierGroup, {"name": None, "enabled": None}),
    (Endpoint, {"host": "GW.Example", "port": "5070", "strip": 31, "weight": "x", "prefix": "9a"}),
    (Endpoint, {"host": "2001:DB8::1", "name": "", "port": 0, "enabled": 1}),
    (AuthCredential, {"username": "a b", "registrar": "x" * 65, "realm": '"', "expires": -1}),
    (PBX, {"name": "office", "host": ""}),
    (OutboundRoute, {"prefix": " +1 "}),
]


def by_django(found: models.Model, exclude: set[str]) -> dict[str, list[str]]:
    relations = {column.name for column in found._meta.concrete_fields if column.is_relation or not column.editable}
    try:
        found.clean_fields(exclude=exclude | relations)
    except ValidationError as refusal:
        return refusal.message_dict
    return {}


@pytest.mark.parametrize(("model", "values"), VALUES)
@pytest.mark.parametrize("exclude", [set(), {"host", "name"}])
def test_it_agrees_with_django(model: type[models.Model], values: dict[str, Any], exclude: set[str]) -> None:
    check = ValueCheck()
    expected = model(**values)
    messages = by_django(expected, exclude)
    for _ in range(2):  # the second time from memory
        found = model(**values)
        said: dict[str, list[str]] = {}
        for name, error in check.clean(found, exclude=exclude):
            said.setdefault(name, []).extend(error.messages)
        assert said == messages
        for column in model._meta.concrete_fields:
            value = getattr(found, column.attname)
            assert (value, type(value)) == (
                getattr(expected, column.attname),
                type(getattr(expected, column.attname)),
            ), column


def test_a_choice_that_is_none_names_those_that_are() -> None:
    (refusal,) = ValueCheck().clean(Endpoint(host="gw.example", direction="up"))
    assert refusal[0] == "direction"
    assert refusal[1].messages == ["“up” is not possible; possible are both, outbound, inbound."]
