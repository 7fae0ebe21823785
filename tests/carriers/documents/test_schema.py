"""The shape of a document: every key known, every value of its kind, every mistake with its place."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.documents.items import Problems
from carriers.documents.tree import parse_document


def problems(tree: Any) -> list[str]:
    found = Problems()
    parse_document(tree, found)
    return found.sentences


def in_group(**values: Any) -> dict[str, Any]:
    return {"carrier_groups": [{"name": "Acme", **values}]}


def in_credential(**values: Any) -> dict[str, Any]:
    return in_group(credential={"username": "1000", "registrar": "sip.example", **values})


SECTIONS = "carrier_groups, pbxs, conditions, outbound_routes, inbound_routes"


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (None, "document: it is empty."),
        ([], f"document: this must be a mapping with the keys {SECTIONS}."),
        ("x", f"document: this must be a mapping with the keys {SECTIONS}."),
        ({"carrier_groups": {}}, "carrier_groups: this must be a list."),
        ({"carrier_groups": [None]}, "carrier_groups[0]: this must be a mapping of keys to values."),
        ({"carrier_groups": ["Acme"]}, "carrier_groups[0]: this must be a mapping of keys to values."),
        ({"carrier_groups": [{}]}, "carrier_groups[0].name: this key is missing."),
        ({"pbxs": [{}]}, "pbxs[0].name: this key is missing."),
        ({"outbound_routes": [{}]}, "outbound_routes[0].prefix: this key is missing."),
        ({"inbound_routes": [{"pbx": "a"}]}, "inbound_routes[0].prefix: this key is missing."),
        (in_group(name=["Acme"]), "carrier_groups[0].name: this must be a text: put it in quotes."),
        (in_group(enabled="maybe"), "carrier_groups[0] “Acme”.enabled: “maybe” is neither true nor false."),
        (in_group(enabled=None), "carrier_groups[0] “Acme”.enabled: this is neither true nor false."),
        (in_group(enabled="1"), "carrier_groups[0] “Acme”.enabled: “1” is neither true nor false."),
        (in_group(endpoints="a"), "carrier_groups[0] “Acme”: endpoints: this must be a list."),
        (in_group(endpoints=[[]]), "carrier_groups[0] “Acme”: endpoints[0]: this must be a mapping of keys to values."),
        (in_group(endpoints=[{}]), "carrier_groups[0] “Acme”: endpoints[0].host: this key is missing."),
        (
            in_group(endpoints=[{"host": "a", "strip": True}]),
            "carrier_groups[0] “Acme”: endpoints[0].strip: this is not a whole number.",
        ),
        (
            in_group(endpoints=[{"host": "a", "strip": "1" * 10}]),
            "carrier_groups[0] “Acme”: endpoints[0].strip: “1111111111” is not a whole number.",
        ),
        (in_group(sources="10.0.0.0/8"), "carrier_groups[0] “Acme”: sources: this must be a list."),
        (
            in_group(sources=[None]),
            "carrier_groups[0] “Acme”: sources[0]: this must be a network such as 198.51.100.0/24.",
        ),
        (
            in_group(credential="1000"),
            "carrier_groups[0] “Acme”: credential: this must be a mapping of keys to values, or null for none.",
        ),
        (
            in_group(credential={"registrar": "sip.acme.example"}),
            "carrier_groups[0] “Acme”: credential.username: this key is missing.",
        ),
        (
            in_credential(password=5),
            "carrier_groups[0] “Acme”: credential.password: this must be a text: put it in quotes.",
        ),
        (
            {"outbound_routes": [{"prefix": "9", "groups": [None]}]},
            "outbound_routes[0].groups[0]: this must be the name of a carrier group.",
        ),
        ({"outbound_routes": [{"prefix": "9", "groups": "Acme"}]}, "outbound_routes[0].groups: this must be a list."),
        ({"inbound_routes": [{"prefix": "", "pbx": ""}]}, "inbound_routes[0].pbx: this must be the name of a PBX."),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind(tree: Any, sentence: str) -> None:
    assert problems(tree) == [sentence]


@pytest.mark.parametrize(
    ("tree", "place", "key"),
    [
        ({"groups": []}, "document", "groups"),
        (in_group(colour="red"), "carrier_groups[0] “Acme”", "colour"),
        (in_group(endpoints=[{"host": "a", "position": "1"}]), "carrier_groups[0] “Acme”: endpoints[0]", "position"),
        (in_credential(ha1="x"), "carrier_groups[0] “Acme”: credential", "ha1"),
        ({"pbxs": [{"name": "office", "strip": "1"}]}, "pbxs[0] “office”", "strip"),
        ({"outbound_routes": [{"prefix": "9", "group": "a"}]}, "outbound_routes[0]", "group"),
        ({"inbound_routes": [{"prefix": "9", "pbxs": []}]}, "inbound_routes[0]", "pbxs"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_are_known(tree: Any, place: str, key: str) -> None:
    (sentence,) = problems(tree)
    assert sentence.startswith(f"{place}: the key “{key}” is not known; known are ")


def test_long_values_are_not_repeated_in_full() -> None:
    (sentence,) = problems(in_group(name="Acme", enabled="x" * 1000))
    assert len(sentence) < 200


def test_an_item_does_not_show_its_password() -> None:
    document = parse_document(in_credential(password="correct-horse-battery"), Problems())
    assert "correct-horse-battery" not in repr(document)


@pytest.mark.parametrize("word", [True, "true", "True", "yes", "on"])
def test_words_for_true(word: object) -> None:
    found = Problems()
    document = parse_document(in_group(enabled=word), found)
    assert (found.sentences, document.carrier_groups[0].values["enabled"]) == ([], True)  # type: ignore[index]
