"""Changes outside this product, in the tables and in a real Kamailio's memory: found, named, restored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from carriers.models import AuthCredential, CarrierGroup, OutboundRoute, SourceNetwork
from kamailio_bridge.apply.operations import apply, fail_over, restore, retry
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.drift.compare import Drift, node_drift, read_drift, read_node_drift
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node, configured_nodes
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from kamailio_bridge.tables.models import Address, Dispatcher, DrGateway, Htable, Mtree, Uacreg, Version
from tests.commands import run_command
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route
from tests.kamailio_bridge.http_node import free_port

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def local(kamailio_process: NodeProcess, settings: Settings) -> Node:
    """Make the running Kamailio the node of the settings."""
    parameters = kamailio_process.parameters
    settings.DSIPROUTER_RPC_ADDRESS = "127.0.0.1"
    settings.DSIPROUTER_RPC_PORT = parameters.rpc_port
    settings.DSIPROUTER_RPC_TOKEN = parameters.rpc_token
    (node,) = configured_nodes()
    return node


@pytest.fixture
def applied(local: Node) -> Iterator[CarrierGroup]:
    """A carrier group of two endpoints, its source network and routes, applied to the node."""
    group = make_group("Acme", "127.0.0.21", "127.0.0.22")
    SourceNetwork.objects.create(group=group, network="127.0.5.0/24")
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "127.0.0.9", "127.0.0.9/32"))
    result = apply(author=None)
    assert result.ok, result.sentence
    yield group
    CarrierGroup.objects.all().delete()
    apply(author=None, allow_empty=True)


def sentences(drift: Drift) -> list[str]:
    assert drift.unknown == ""
    return drift.sentences()


def everything() -> dict[str, list[Any]]:
    """Return all rows of the tables, apart from the one with the revision's number."""
    tables = (Dispatcher, Mtree, Address, Uacreg, DrGateway, Htable)
    rows = {table.__name__: list(table.objects.order_by("pk").values_list()) for table in tables}
    rows["Htable"] = [row for row in rows["Htable"] if "revision" not in row[1]]
    return rows


def last_revision_number() -> int:
    return Revision.objects.latest("number").number


def mend(**options: Any) -> ApplyResult:
    result = restore(author=None, **options)
    assert result.ok, result.sentence
    return result


def test_pending_changes_are_no_drift(applied: CarrierGroup) -> None:
    assert sentences(read_drift()) == []
    applied.endpoints.update(strip=3)
    OutboundRoute.objects.all().delete()
    drift = read_drift()
    assert sentences(drift) == []
    (node,) = read_node_drift(drift)
    assert (node.differences, node.unknown) == ([], "")


def test_changed_added_and_deleted_rows_are_named(applied: CarrierGroup) -> None:
    first, second = applied.endpoints.order_by("position")
    Dispatcher.objects.filter(pk=first.pk).update(priority=1, attrs=f"gwid={first.pk};strip=7")
    Dispatcher.objects.filter(pk=second.pk).delete()
    Mtree.objects.create(pk=77, tprefix="o77", tvalue="dsiprouter:1")
    Address.objects.filter(ip_addr="127.0.5.0").update(mask=16)
    reported = sentences(read_drift())
    label = "carrier group “Acme”, endpoint"
    assert len(reported) == 4
    assert (
        f"{label} 127.0.0.21:5060: row {first.pk} of the table dispatcher was changed:"
        f" priority is 1 instead of 10000, attrs is gwid={first.pk};strip=7 instead of gwid={first.pk};strip=0."
        in reported
    )
    assert f"{label} 127.0.0.22:5060: row {second.pk} of the table dispatcher was deleted." in reported
    assert (
        "a row that no revision has: row 77 of the table mtree was added: tprefix o77, tvalue dsiprouter:1." in reported
    )
    assert any("table address was changed: mask is 16 instead of 24." in sentence for sentence in reported)


def test_foreign_rows_are_no_drift_and_stay(applied: CarrierGroup) -> None:
    Dispatcher.objects.create(pk=9000, setid=9000, destination="sip:127.0.0.90", description="another tool")
    Address.objects.create(pk=9000, grp=1, ip_addr="192.0.2.1", tag="another tool")
    assert sentences(read_drift()) == []
    Dispatcher.objects.filter(description__startswith="carrier-group").update(priority=5)
    mend()
    assert Dispatcher.objects.get(pk=9000).description == "another tool"
    assert Address.objects.get(pk=9000).tag == "another tool"


def test_restore_writes_the_rows_of_the_last_revision_and_leaves_what_is_pending(
    applied: CarrierGroup, local: Node
) -> None:
    before, last = everything(), Revision.objects.get()
    applied.endpoints.filter(host="127.0.0.21").update(strip=3)  # pending
    pending = make_plan().count
    Dispatcher.objects.filter(setid=applied.pk).delete()
    Mtree.objects.update(tvalue="dsiprouter:4711")
    DrGateway.objects.update(strip=9)
    result = mend()
    assert everything() == before
    assert make_plan().count == pending > 0
    revision = Revision.objects.get(pk=result.revision)
    assert revision.number > last.number
    assert revision.summary.startswith(f"restore revision {last.number}: ")
    assert revision.carriers() == last.carriers()
    assert revision_on_node(local.rpc) == stored_revision() == revision.number
    assert sentences(read_drift()) == []
    assert "strip 0 -> 3" in run_command("plan_kamailio").out
    assert apply(author=None).ok
    assert make_plan().count == 0


def test_the_memory_of_a_node_is_compared_and_restored(applied: CarrierGroup, local: Node) -> None:
    """Somebody changes a row, lets Kamailio load it, and puts the row back: only the memory is wrong."""
    row = Dispatcher.objects.get(pk=applied.endpoints.get(host="127.0.0.21").pk)
    Dispatcher.objects.filter(pk=row.pk).update(destination="sip:127.0.0.99:5060")
    local.rpc.call("dispatcher.reload")
    row.save()
    drift = read_drift()
    assert sentences(drift) == []
    (node,) = read_node_drift(drift)
    assert "did not load carrier group “Acme”, endpoint 127.0.0.21:5060" in " ".join(node.differences)
    assert "sip:127.0.0.99:5060" in " ".join(node.differences)
    assert apply(author=None).outcome == "nothing", "an apply believes what it verified"
    revisions = Revision.objects.count()
    mend()
    assert Revision.objects.count() == revisions, "nothing was written, so there is no new revision"
    (node,) = read_node_drift(read_drift())
    assert node.differences == []


def test_a_row_that_a_node_has_loaded_is_drift_in_both(applied: CarrierGroup, local: Node) -> None:
    Mtree.objects.filter(tprefix="o9").update(tprefix="o8")
    local.rpc.call("mtree.reload", "routes")
    drift = read_drift()
    assert len(sentences(drift)) == 1
    (node,) = read_node_drift(drift)
    assert "outbound route 9" in " ".join(node.differences)
    mend()
    assert read_node_drift(read_drift())[0].differences == []
    assert local.rpc.get("/ROUTE/91")[0] == 200


def test_secrets_are_masked(applied: CarrierGroup) -> None:
    credential = AuthCredential(group=applied, username="1000", registrar="127.0.0.21", register=False)
    credential.set_password("hunter2-secret")
    credential.save()
    assert apply(author=None).ok
    Uacreg.objects.update(auth_ha1="f" * 32, auth_password="clear")
    reported = " ".join(sentences(read_drift()))
    assert "auth_ha1 is (secret) instead of (secret)" in reported
    whole = reported + run_command("check_drift").out + run_command("check_drift", "--json").out
    for secret in (credential.ha1(), "f" * 32, "clear", "hunter2-secret"):
        assert secret not in whole
    mend()


def test_a_wrong_number_in_the_tables_is_drift(applied: CarrierGroup) -> None:
    number = stored_revision()
    Htable.objects.filter(key_name="dsiprouter:revision").update(key_value="4711")
    assert sentences(read_drift()) == [
        f"Kamailio's tables say that they hold revision 4711, but the last one applied is {number}."
    ]
    result = mend()
    assert stored_revision() == result.revision == last_revision_number() != number
    assert sentences(read_drift()) == []
    Htable.objects.filter(key_name="dsiprouter:revision").delete()
    assert "say that they hold no revision" in sentences(read_drift())[0]
    mend()
    assert sentences(read_drift()) == []


def test_nothing_is_restored_that_nobody_saw(applied: CarrierGroup) -> None:
    Dispatcher.objects.filter(setid=applied.pk).update(priority=5)
    drift = read_drift()
    assert drift.plan is not None
    Dispatcher.objects.filter(setid=applied.pk).update(priority=6)
    result = restore(author=None, seen=drift.plan.digest())
    assert result.outcome == "changed"
    assert "Nothing was restored, because the rows changed again" in result.sentence
    assert set(Dispatcher.objects.filter(setid=applied.pk).values_list("priority", flat=True)) == {6}
    mend()


def test_a_foreign_row_in_a_set_of_ours_is_named_and_not_touched(applied: CarrierGroup) -> None:
    pk = applied.endpoints.get(host="127.0.0.21").pk
    Dispatcher.objects.filter(pk=pk).update(description="mine now")
    drift = read_drift()
    assert f"row {pk} of the table dispatcher was deleted." in sentences(drift)[0]
    assert f"where row {pk} of another program has it" in sentences(drift)[-1]
    result = restore(author=None)
    assert result.outcome == "partial"
    assert f"where row {pk} of another program has it" in result.sentence
    assert Dispatcher.objects.get(pk=pk).description == "mine now"
    Dispatcher.objects.filter(pk=pk).delete()
    mend()


def test_before_the_first_apply_there_is_nothing_to_compare_with(kamailio_down: None) -> None:
    assert read_drift().unknown == "Nothing has been applied yet, so there is nothing to compare with."
    assert read_node_drift(read_drift()) == []
    assert restore(author=None).outcome == "refused"
    assert run_command("check_drift").status == 2


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_tells_by_its_exit_status(applied: CarrierGroup, settings: Settings) -> None:
    number = stored_revision()
    assert run_command("check_drift") == (0, f"All is as revision {number} was applied.\n", "")
    assert json.loads(run_command("check_drift", "--json").out)["status"] == "in step"
    Dispatcher.objects.filter(setid=applied.pk, destination__contains="127.0.0.21").update(priority=5)
    ran = run_command("check_drift")
    assert ran.status == 1
    assert "tables: carrier group “Acme”, endpoint 127.0.0.21:5060: row" in ran.out
    told = json.loads(run_command("check_drift", "--json").out)
    assert told["rows"][0]["columns"] == [{"column": "priority", "expected": "10000", "found": "5"}]
    assert told["nodes"] == [{"name": "local", "differences": [], "unknown": ""}]
    mend()


def test_the_status_tells_of_drift_in_tables_and_nodes(applied: CarrierGroup, local: Node) -> None:
    assert run_command("kamailio_status").status == 0
    Mtree.objects.filter(tprefix="o9").update(tprefix="o8")
    local.rpc.call("mtree.reload", "routes")
    ran = run_command("kamailio_status")
    assert ran.status == 1
    assert "drift: outbound route 9: row" in ran.out
    assert "drift: Node local: Kamailio does not have outbound route 9" in ran.out
    told = json.loads(run_command("kamailio_status", "--json").out)
    assert (told["ok"], len(told["drift"])) == (False, 3)
    mend()
    assert run_command("kamailio_status").status == 0


def test_the_command_can_not_tell_when_a_node_or_the_tables_are_not_there(applied: CarrierGroup, local: Node) -> None:
    Version.objects.filter(table_name="dispatcher").update(table_version=99)
    ran = run_command("check_drift")
    assert ran.status == 2
    assert "dispatcher" in ran.err
    Version.objects.filter(table_name="dispatcher").update(table_version=Dispatcher.db_table_version)


def test_a_node_that_is_down_can_not_tell(applied: CarrierGroup, kamailio_down: None) -> None:
    ran = run_command("check_drift")
    assert ran.status == 2
    assert "can't tell: node local: system.listMethods: no answer" in ran.err
    Dispatcher.objects.filter(setid=applied.pk).update(priority=5)
    assert run_command("check_drift").status == 1, "drift that was found counts for more"
    Dispatcher.objects.filter(setid=applied.pk).update(priority=10_000)


def test_a_node_says_which_revision_it_runs(applied: CarrierGroup, local: Node) -> None:
    drift = read_drift()
    assert drift.plan is not None
    found = node_drift(local, drift.plan, 4711)
    assert found.differences[0] == f"It says that it runs revision {stored_revision()} instead of 4711."


def test_owners_of_accounts_are_compared_with_the_nodes_at_the_time_of_the_apply(settings: Settings) -> None:
    """A node that is entered after the apply, and retried, changes nothing in what was applied."""
    for name in ("east", "west"):
        KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{free_port()}/RPC", time_limit=1)
    for number in range(20):  # so many that each node owns one, whatever their keys
        group = make_group(f"Trunk {number}", f"203.0.113.{number + 1}")
        make_route(str(number), group)
        credential = AuthCredential(group=group, username=f"10{number}", registrar="sip.acme.example")
        credential.set_password("secret")
        credential.save()
    assert apply(author=None).outcome == "behind"
    owners = set(Htable.objects.filter(key_name__startswith="dsiprouter:owner").values_list("key_value", flat=True))
    assert owners == {"east", "west"}
    assert sentences(read_drift()) == []
    KamailioNode.objects.create(name="north", rpc_url=f"http://127.0.0.1:{free_port()}/RPC", time_limit=1)
    retry(author=None, names=["north"])
    assert sentences(read_drift()) == []
    fail_over(author=None, node="west")
    assert sentences(read_drift()) == []
    row = Htable.objects.filter(key_value="east").first()
    assert row is not None
    Htable.objects.filter(pk=row.pk).update(key_value="nowhere")
    assert "key_value is nowhere instead of east" in sentences(read_drift())[0]
    assert restore(author=None).outcome == "behind"
    assert sentences(read_drift()) == []
