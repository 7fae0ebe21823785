"""The state after a job that did not write Kamailio's tables, and what only one kind of job records."""

from __future__ import annotations

import pytest

from kamailio_bridge.apply.operations import apply, fail_over, restore, retry
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.tables.models import Dispatcher, Uacreg
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import free_port, http_node, results
from tests.scratch import run_sql

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture(autouse=True)
def nodes() -> None:
    """Two nodes that nobody reaches, and a route."""
    make_route("9", make_group("Acme", "203.0.113.7"))
    for name in ("east", "west"):
        KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{free_port()}/RPC", time_limit=1)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_node_stays_as_it_was_if_a_failover_can_not_be_written(enabled: bool) -> None:
    """It stayed disabled, although the sentence said that nothing was changed."""
    assert apply(author=None).revision
    KamailioNode.objects.filter(name="west").update(enabled=enabled)
    run_sql("kamailio", f"ALTER TABLE {Uacreg._meta.db_table} RENAME TO uacreg_elsewhere")
    try:
        result = fail_over(author=None, node="west")
    finally:
        run_sql("kamailio", f"ALTER TABLE uacreg_elsewhere RENAME TO {Uacreg._meta.db_table}")
    assert (result.outcome, result.revision) == ("failed", None)
    assert result.sentence.startswith("Nothing was changed.")
    assert KamailioNode.objects.get(name="west").enabled is enabled


def test_a_record_that_only_looks_like_ours_stays_as_it_is_in_a_failover() -> None:
    """The button raised ValueError over it."""
    assert apply(author=None).revision
    values = {"l_uuid": "carrier-abc", "l_username": "carrier-abc", "l_domain": "x", "r_username": "x"}
    Uacreg.objects.create(pk=9000, **values)
    before = Uacreg.objects.values().get(pk=9000)
    assert fail_over(author=None, node="west").outcome == "behind"
    assert Uacreg.objects.values().get(pk=9000) == before
    assert not KamailioNode.objects.get(name="west").enabled


def test_a_node_stays_enabled_if_there_is_no_other() -> None:
    KamailioNode.objects.filter(name="east").delete()
    assert fail_over(author=None, node="west").outcome == "refused"
    assert KamailioNode.objects.get(name="west").enabled


def test_a_failover_without_registrations_says_so() -> None:
    answer = {"value": 0}
    east = results(
        system__listMethods=["htable.reload"],
        htable__listTables=[{"name": "dsiprouter"}],
        htable__reload="Ok. Htable reloaded.",
        htable__dump=[],
        htable__get={"item": answer},
    )

    def load(step: str) -> None:
        if step.startswith("Reloading"):
            answer["value"] = stored_revision() or 0

    with http_node(east) as node:
        KamailioNode.objects.filter(name="east").update(rpc_url=node.url)
        assert apply(author=None, progress=load).outcome == "behind"
        result = fail_over(author=None, node="west")
    assert (result.outcome, result.revision) == ("nothing", stored_revision())
    assert result.sentence == "Node west is disabled; there were no registrations to fail over."
    assert not KamailioNode.objects.get(name="west").enabled


def test_a_restore_shares_the_accounts_among_the_nodes_of_the_restored_revision() -> None:
    assert apply(author=None).revision
    KamailioNode.objects.create(name="north", rpc_url=f"http://127.0.0.1:{free_port()}/RPC", time_limit=1)
    Dispatcher.objects.update(priority=7)
    restored = restore(author=None)
    assert Revision.objects.get(number=restored.revision).spread_over == ["east", "west"]


def test_only_an_apply_records_when_the_carriers_were_read() -> None:
    assert apply(author=None).revision
    Dispatcher.objects.update(priority=7)
    restored = restore(author=None)
    first, second = Revision.objects.order_by("number")
    assert (second.number, second.summary.split(":")[0]) == (restored.revision, f"restore revision {first.number}")
    assert first.carriers_read is not None
    assert second.carriers_read is None
    assert (second.state(), second.spread_over) == (first.state(), first.spread_over)


def test_nothing_is_retried_or_restored_before_the_first_apply() -> None:
    for result in (retry(author=None, names=["east"]), restore(author=None)):
        assert (result.outcome, result.sentence) == ("refused", "Nothing has been applied yet: press Reload Kamailio.")
    assert not Revision.objects.exists()


def test_nothing_is_applied_or_restored_without_an_enabled_node() -> None:
    assert apply(author=None).revision
    KamailioNode.objects.update(enabled=False)
    for result in (apply(author=None), restore(author=None)):
        assert (result.outcome, result.revision) == ("refused", None)
        assert "no node is enabled" in result.sentence
    assert retry(author=None, names=["east"]).sentence == "None of these nodes is enabled: enable them first."
    assert Revision.objects.count() == 1
