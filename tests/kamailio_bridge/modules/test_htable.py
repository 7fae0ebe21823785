"""Module htable towards nodes that list their hash tables in odd forms; the nodes are small HTTP servers."""

from __future__ import annotations

from typing import Any

import pytest

from kamailio_bridge.modules import MODULES
from kamailio_bridge.nodes.rpc import InvalidAnswer, Rpc
from tests.kamailio_bridge.http_node import http_node, results

METHODS = frozenset({"htable.reload"})


def is_on(tables: Any) -> bool:
    with http_node(results(htable__listTables=tables)) as server:
        return MODULES["htable"].is_on(Rpc(server.url, "token", 10), METHODS)


def test_it_is_on_where_the_node_has_our_hash_table() -> None:
    assert is_on([{"name": "other"}, {"name": "dsiprouter"}])
    assert not is_on([{"name": "other"}])


@pytest.mark.parametrize("tables", [[7], ["dsiprouter"]])
def test_a_list_in_another_form_is_reported_with_the_command(tables: Any) -> None:
    with pytest.raises(InvalidAnswer, match=r"htable\.listTables"):
        is_on(tables)
