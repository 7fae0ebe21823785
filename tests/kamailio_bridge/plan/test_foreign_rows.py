"""Rows of other tools that Kamailio can't load: apply names row, table and remedy, and calls continue.

Each against a real Kamailio that runs a route already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.tables.models import Address, Dispatcher, DrGwList, Mtree, Version
from tests.kamailio_bridge.builders import make_group, make_route
from tests.scratch import run_sql

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def group(node: Node) -> Iterator[CarrierGroup]:
    """A carrier group that calls go to; afterwards the node runs nothing again."""
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    assert press(node).ok
    yield group
    CarrierGroup.objects.all().delete()
    assert apply(author=None, nodes=[node], allow_empty=True).ok


def press(node: Node) -> ApplyResult:
    return apply(author=None, nodes=[node])


def calls_go_to(node: Node) -> list[str]:
    """Return where a call would go now."""
    _, text = node.rpc.get("/ROUTE/914443332222")
    return [line.partition("|")[0] for line in text.splitlines()]


OLD = ["sip:914443332222@127.0.0.21:5060"]
NEW = ["sip:14443332222@127.0.0.21:5060"]


def test_an_address_with_mask_33(node: Node, group: CarrierGroup) -> None:
    Address.objects.create(pk=9000, grp=8, ip_addr="127.0.0.78", mask=33, tag="another tool")
    group.endpoints.update(host="127.0.0.22")
    result = press(node)
    assert result.outcome == "behind"
    assert "permissions.addressReload failed" in result.sentence
    assert "row 9000 of the table address (127.0.0.78, mask 33, grp 8) is one that Kamailio refuses" in result.sentence
    assert calls_go_to(node) == OLD
    admitted = {entry["item"]["ip"] for entry in node.rpc.call("permissions.addressDump")}
    assert "127.0.0.21" in admitted
    Address.objects.filter(pk=9000).delete()
    assert press(node).outcome == "verified"


def test_an_address_that_becomes_a_domain_name(node: Node, group: CarrierGroup) -> None:
    Address.objects.create(pk=9000, grp=8, ip_addr="10.0.0.0/8", mask=32, tag="another tool")
    group.endpoints.update(host="127.0.0.22")
    result = press(node)
    assert result.outcome == "verified", result.sentence
    assert (
        "Another tool's row 9000 of the table address (10.0.0.0/8, mask 32, grp 8) is a domain name" in result.sentence
    )
    Address.objects.filter(pk=9000).delete()


def test_a_bad_destination_in_a_foreign_set(node: Node, group: CarrierGroup) -> None:
    Dispatcher.objects.create(pk=9000, setid=9000, destination="sip:127.0.0.77:70000", description="another tool")
    Dispatcher.objects.create(pk=9001, setid=9000, destination="sip:127.0.0.78:5060", description="another tool")
    group.endpoints.update(strip=1)
    result = press(node)
    assert result.outcome == "verified", result.sentence
    assert "Another tool's row 9000 of the table dispatcher (set 9000, “sip:127.0.0.77:70000”)" in result.sentence
    assert "put its destination and attributes right or remove it" in result.sentence
    assert "9001" not in result.sentence
    assert calls_go_to(node) == NEW
    Dispatcher.objects.filter(pk__in=[9000, 9001]).delete()


def test_a_prefix_that_the_tree_cannot_hold(node: Node, group: CarrierGroup) -> None:
    Mtree.objects.create(pk=9000, tprefix="49-1", tvalue="7")
    make_route("8", group)
    result = press(node)
    assert result.outcome == "behind"
    assert "row 9000 of the table mtree (tprefix “49-1”)" in result.sentence
    assert calls_go_to(node) == OLD
    Mtree.objects.filter(pk=9000).delete()
    assert press(node).ok


def test_a_dangling_id_in_our_list(node: Node, group: CarrierGroup) -> None:
    """drouting would drop the list, and every rule that names it, without a word. It is put right, and named."""
    DrGwList.objects.filter(pk=group.pk).update(gwlist="999")
    result = press(node)
    assert result.ok, result.sentence
    assert result.plan is not None
    endpoint = Endpoint.objects.get()
    assert result.plan.lines() == [f"~ dr_gw_lists {group.pk}: carrier group “Acme”: gwlist=999 -> {endpoint.pk}"]
    assert DrGwList.objects.get(pk=group.pk).gwlist == str(endpoint.pk)


@contextmanager
def declared_as_text() -> Iterator[None]:
    """Let the column tvalue of the table mtree be TEXT, as a tool does that wants room; then put the table back."""
    run_sql("kamailio", "ALTER TABLE mtree RENAME TO mtree_kept")
    columns = "id INTEGER PRIMARY KEY NOT NULL, tprefix VARCHAR(32) DEFAULT '' NOT NULL, tvalue TEXT NOT NULL"
    run_sql("kamailio", f"CREATE TABLE mtree ({columns})")
    run_sql("kamailio", "INSERT INTO mtree SELECT id, tprefix, tvalue FROM mtree_kept")
    yield
    run_sql("kamailio", "DROP TABLE mtree")
    run_sql("kamailio", "ALTER TABLE mtree_kept RENAME TO mtree")


def test_a_text_column(node: Node, group: CarrierGroup) -> None:
    with declared_as_text():
        group.endpoints.update(strip=1)
        result = press(node)
        assert result.outcome == "failed"
        assert result.sentence.startswith("Nothing was changed. Column “mtree.tvalue”")
        assert "is declared TEXT, but must be VARCHAR(128): change its type." in result.sentence
        assert calls_go_to(node) == OLD
    assert press(node).ok
    assert calls_go_to(node) == NEW


def test_a_missing_version_row(node: Node, group: CarrierGroup) -> None:
    row = Version.objects.get(table_name="uacreg")
    Version.objects.filter(table_name="uacreg").delete()
    group.endpoints.update(strip=1)
    result = press(node)
    assert result.outcome == "failed"
    assert "Table “uacreg” in the database “kamailio” has no row in the table “version”" in result.sentence
    assert "add the row with version" in result.sentence
    assert calls_go_to(node) == OLD
    row.save(force_insert=True)
    assert press(node).ok
    assert calls_go_to(node) == NEW
