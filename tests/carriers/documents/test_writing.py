"""The carriers as text: complete, in a fixed order, without passwords, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.documents import carriers_document, dump_csv, dump_json, dump_yaml, load_document, read_document
from carriers.documents.dump import CSV_COLUMNS
from carriers.models import AuthCredential, CarrierGroup
from tests.carriers.documents.test_loading import many
from tests.carriers.documents.trees import PASSWORD, as_typed, endpoint, example, with_password

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree() -> dict[str, Any]:
    load_document(as_typed(with_password(example())))
    return carriers_document()


def test_yaml_and_json_are_the_tree_and_load_again(tree: dict[str, Any]) -> None:
    assert tree == example()
    assert yaml.safe_load(dump_yaml(tree)) == json.loads(dump_json(tree)) == tree
    assert read_document(dump_yaml(tree)) == as_typed(tree) | {
        "carrier_groups": flags_as_words(as_typed(tree["carrier_groups"])),
        "pbxs": flags_as_words(as_typed(tree["pbxs"])),
        "conditions": flags_as_words(as_typed(tree["conditions"])),
        "outbound_routes": flags_as_words(as_typed(tree["outbound_routes"])),
        "inbound_routes": flags_as_words(as_typed(tree["inbound_routes"])),
    }
    for text in (dump_yaml(tree), dump_json(tree)):
        assert "Müller, Söhne" in text
        assert all(" unchanged" in line for line in load_document(read_document(text), prune=True).lines())
    assert carriers_document() == tree


def flags_as_words(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: flags_as_words(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [flags_as_words(value) for value in tree]
    return {True: "true", False: "false"}.get(tree, tree) if isinstance(tree, bool) else tree


def test_no_password_comes_out(tree: dict[str, Any]) -> None:
    credential = AuthCredential.objects.get()
    for text in (dump_yaml(tree), dump_json(tree), dump_csv(tree)):
        assert "password" not in text
        for secret in (PASSWORD, credential.password_ciphertext, credential.ha1()):
            assert secret not in text


def test_the_order_in_the_database_does_not_matter() -> None:
    for name in ("Zeta", "Acme", "beta"):
        CarrierGroup.objects.create(name=name)
    names = [group["name"] for group in carriers_document()["carrier_groups"]]
    assert sorted(names, key=str.lower) == ["Acme", "beta", "Zeta"]
    CarrierGroup.objects.all().delete()
    for name in ("beta", "Zeta", "Acme"):
        CarrierGroup.objects.create(name=name)
    assert [group["name"] for group in carriers_document()["carrier_groups"]] == names


def test_nothing_is_a_document_too() -> None:
    sections = ("carrier_groups", "pbxs", "conditions", "outbound_routes", "inbound_routes")
    nothing: dict[str, Any] = {section: [] for section in sections}
    assert carriers_document() == nothing
    assert load_document(read_document(dump_yaml(nothing)), prune=True).lines() == []


def test_csv_has_a_row_for_each_endpoint(tree: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(dump_csv(tree))))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(row["carrier_group"], row["endpoint_host"]) for row in rows] == [
        ("Acme", "203.0.113.7"),
        ("Acme", "gw.acme.example"),
        ("Acme", "2001:db8::1"),
        ("Müller, Söhne", ""),
    ]
    assert rows[0]["endpoint_weight"] == "75"
    assert (rows[0]["group_enabled"], rows[3]["group_enabled"]) == ("True", "False")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_csv_has_no_formulas(name: str) -> None:
    group = {
        "name": name,
        "enabled": True,
        "selection": "position",
        "endpoints": [endpoint(prefix="+1", name='a "b", c')],
    }
    (row,) = csv.DictReader(io.StringIO(dump_csv({"carrier_groups": [group]})))
    assert row["carrier_group"] == f"'{name}"
    assert row["endpoint_prefix"] == "'+1"
    assert row["endpoint_name"] == 'a "b", c'


def test_queries_do_not_grow_with_the_carriers() -> None:
    counts = []
    for size in (5, 25):
        load_document(many(size))
        told: list[int] = []
        with CaptureQueriesContext(connection) as queries:
            carriers_document(told.append)
        counts.append(len(queries))
        assert sum(told) == size
    assert counts[0] == counts[1] <= 12
