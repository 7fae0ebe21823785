"""Mistakes in a document: every one is said, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.carriers.documents.loads import load, problems
from tests.carriers.documents.trees import endpoint, example, with_password
from tests.carriers.stored import is_empty

pytestmark = pytest.mark.django_db


def test_every_mistake_is_said_and_nothing_is_stored() -> None:
    tree = with_password(example())
    tree["carrier_groups"][0]["endpoints"][0].update(host="999.1.1.1", strip=31)
    tree["carrier_groups"][0]["credential"]["expires"] = 0
    tree["carrier_groups"][1]["sources"] = ["198.51.100.5/24"]
    tree["pbxs"][0]["colour"] = "red"
    tree["outbound_routes"][0]["groups"] = ["Acne"]
    tree["inbound_routes"][0]["pbx"] = "home"
    found = problems(tree)
    assert {sentence.rpartition(": ")[0].replace("“", "").replace("”", "") for sentence in found} >= {
        "carrier_groups[0] Acme: endpoints[0].host",
        "carrier_groups[0] Acme: endpoints[0].strip",
        "carrier_groups[0] Acme: credential.expires",
        "outbound_routes[0].groups",
        "inbound_routes[0].pbx",
    }
    assert len(found) == 7
    assert is_empty()


def test_a_mistake_far_behind_takes_changes_and_deletions_back(loaded: dict[str, Any]) -> None:
    tree = {
        "carrier_groups": [{"name": "New", "endpoints": [endpoint()]}, {"name": "Acme", "endpoints": []}],
        "inbound_routes": [{"prefix": "1444", "pbx": "nobody"}],
    }
    assert problems(tree, prune=True) == ["inbound_routes[0].pbx: there is no PBX “nobody”."]


@pytest.mark.parametrize("names", [("Acme", "Acme"), ("Acme", "ACME"), ("Müller", "MÜLLER"), ("Acme", " acme ")])
def test_two_groups_of_one_name(names: tuple[str, str]) -> None:
    found = problems({"carrier_groups": [{"name": name} for name in names]})
    assert found == [f"carrier_groups[1] “{names[1]}”.name: “{names[1].strip()}” stands twice in this section."]


def test_two_names_that_the_database_takes_for_one() -> None:
    """MariaDB compares without accents, SQLite with: refused where they can't be, and stored where they can."""
    tree = {"carrier_groups": [{"name": "Müller"}, {"name": "Muller"}, {"name": "Acme"}]}
    if connection.vendor == "sqlite":
        assert load(tree) == ["carrier groups: 3 created, 0 changed, 0 unchanged"]
    else:
        assert problems(tree) == [
            "carrier_groups[1] “Muller”.name: “Muller” is taken, or differs from another one in case or accents only."
        ]


@pytest.mark.parametrize(
    ("section", "entries"),
    [
        ("pbxs", [{"name": "office", "host": "192.0.2.9"}, {"name": "OFFICE", "host": "192.0.2.9"}]),
        ("outbound_routes", [{"prefix": "9"}, {"prefix": "9"}]),
        ("outbound_routes", [{"prefix": ""}, {"prefix": ""}]),
    ],
)
def test_nothing_stands_twice_in_a_section(section: str, entries: list[dict[str, str]]) -> None:
    (sentence,) = problems({section: entries})
    assert sentence.startswith(f"{section}[1]")
    assert sentence.endswith("stands twice in this section.")


def test_nothing_stands_twice_in_a_list(loaded: dict[str, Any]) -> None:
    group = loaded["carrier_groups"][0]
    group["endpoints"].append({"host": "203.0.113.7:5060", "strip": 1, "name": "again"})
    group["sources"].append("198.51.100.0/24")
    loaded["outbound_routes"][0]["groups"].append("ACME")
    twin = "another endpoint of this group has the same address, strip and prefix."
    assert problems(loaded) == [
        f"carrier_groups[0] “Acme”: endpoints[3]: {twin}",
        "carrier_groups[0] “Acme”: sources[2]: 198.51.100.0/24 stands here twice.",
        "outbound_routes[0].groups[2]: “ACME” stands here twice.",
    ]
