"""Endpoints that are there are found again, so that their keys, which Kamailio knows, stay."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.documents.items import Item
from carriers.documents.loading.matching import match_endpoints
from carriers.models import Endpoint

STORED = [
    {"pk": 1, "name": "a", "host": "192.0.2.1", "strip": 1},
    {"pk": 2, "name": "b", "host": "192.0.2.1", "strip": 2},
    {"pk": 3, "name": "", "host": "192.0.2.3"},
]


@pytest.mark.parametrize(
    ("wanted", "found", "left"),
    [
        ([{"host": "192.0.2.1", "strip": 2}], [2], [1, 3]),
        ([{"host": "192.0.2.1", "strip": 7}], [1], [2, 3]),
        ([{"host": "192.0.2.1", "strip": 7}, {"host": "192.0.2.1", "strip": 1}], [2, 1], [3]),
        ([{"host": "192.0.2.9", "name": "b"}], [2], [1, 3]),
        ([{"host": "192.0.2.1", "strip": 1, "name": "b"}], [1], [2, 3]),
        ([{"host": "192.0.2.3", "port": 5070}], [None], [1, 2, 3]),
        ([{"host": "192.0.2.9"}, {"host": "192.0.2.3"}], [None, 3], [1, 2]),
        ([{"name": "a"}], [1], [2, 3]),
        ([], [], [1, 2, 3]),
    ],
)
def test_the_likest_is_chosen(wanted: list[dict[str, Any]], found: list[int | None], left: list[int]) -> None:
    items = [Item("", values) for values in wanted]
    pairs, rest = match_endpoints(items, [Endpoint(**values) for values in STORED])
    assert [endpoint.pk for _, endpoint in pairs] == found
    assert [item for item, _ in pairs] == items
    assert [endpoint.pk for endpoint in rest] == left
