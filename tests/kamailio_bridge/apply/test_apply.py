"""Apply to a real Kamailio: afterwards it runs what the carriers say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from carriers.models import AuthCredential, CarrierGroup, Endpoint, OutboundRoute, SourceNetwork
from carriers.snapshots.records import read_carriers
from kamailio_bridge.apply.lock import apply_lock
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.monitoring.status import node_status
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import CallFailed
from kamailio_bridge.questions.route_prediction import predict
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import revision_on_node, stored_revision
from kamailio_bridge.tables.models import Address, Dispatcher, Mtree
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

Press = Callable[..., ApplyResult]


@pytest.fixture
def press(node: Node) -> Iterator[Press]:
    """Press the button; afterwards the node runs nothing again, so that the next test starts from there."""

    def go(**options: Any) -> ApplyResult:
        return apply(author=None, nodes=[node], **options)

    yield go
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


def targets(node: Node) -> set[str]:
    try:
        records = node.rpc.call("dispatcher.list")["RECORDS"]
    except CallFailed:
        return set()
    return {target["DEST"]["URI"] for record in records for target in record["SET"]["TARGETS"]}


def reloaded(result: ApplyResult) -> list[str]:
    return [answer.module for answer in result.nodes[0].answers]


def test_the_first_apply_and_the_second(node: Node, press: Press) -> None:
    author = get_user_model().objects.create_user("ada")
    group = make_group("Acme", "127.0.0.21", "2001:db8::1")
    group.endpoints.filter(host="2001:db8::1").delete()
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "127.0.0.9", "127.0.0.9/32"))
    result = apply(author=author, nodes=[node])
    assert result.outcome == "verified", result.sentence
    assert result.sentence == f"Kamailio runs revision {result.revision}: reloaded and verified."
    assert targets(node) == {"sip:127.0.0.21:5060", "sip:127.0.0.9:5060"}
    revision = Revision.objects.get(number=result.revision)
    assert (revision.author, revision.outcome) == (author, Revision.Outcome.VERIFIED)
    assert revision.finished is not None
    assert revision_on_node(node.rpc) == stored_revision() == result.revision
    again = press()
    assert again.outcome == "nothing"
    assert again.ok
    assert reloaded(again) == []
    assert Revision.objects.count() == 1


def test_only_the_modules_that_changed_are_reloaded(press: Press) -> None:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    assert press().ok
    group.endpoints.update(strip=1)
    result = press()
    assert result.ok
    assert reloaded(result) == ["dispatcher", "htable"]
    SourceNetwork.objects.create(group=group, network="127.0.5.0/24")
    assert reloaded(press()) == ["permissions", "htable"]
    OutboundRoute.objects.update(prefix="8")
    assert reloaded(press()) == ["mtree", "htable"]


def test_sets_are_there_before_routes_need_them_and_go_after(press: Press) -> None:
    make_route("9", make_group("Acme", "127.0.0.21"))
    assert press().ok
    backup = make_group("Backup", "127.0.0.22")
    make_route("8", backup)
    assert reloaded(press()) == ["permissions", "policy", "dispatcher", "mtree", "htable"]
    backup.delete()
    assert reloaded(press()) == ["mtree", "dispatcher", "policy", "permissions", "htable"]


def test_the_dry_run_of_the_node_equals_the_prediction(node: Node, press: Press) -> None:
    group = make_group("Acme", "127.0.0.21", "127.0.0.22")
    group.endpoints.filter(host="127.0.0.21").update(strip=1)
    group.endpoints.filter(host="127.0.0.22").update(strip=2, prefix="+1", transport="tcp")
    make_route("91", group, make_group("Backup", "backup.invalid"))
    make_route("", make_group("Default", "127.0.0.30"))
    assert press().ok
    for number in ("914443332222", "91", "9", "*43#", "+914443332222"):
        predicted = [attempt.r_uri for attempt in predict(read_carriers(), number).attempts]
        status, text = node.rpc.get("/ROUTE/" + number.replace("#", "%23"))
        assert status == 200
        assert [line.partition("|")[0] for line in text.splitlines()] == predicted


def test_an_empty_set_of_carriers_empties_the_node(node: Node, press: Press) -> None:
    make_route("9", make_group("Acme", "127.0.0.21"))
    make_inbound_route("", make_pbx("office", "127.0.0.9", "127.0.0.9/32"))
    assert press().ok
    CarrierGroup.objects.all().delete()
    assert press().outcome == "refused"
    assert targets(node) == {"sip:127.0.0.21:5060", "sip:127.0.0.9:5060"}
    result = press(allow_empty=True)
    assert result.ok, result.sentence
    assert targets(node) == {"sip:127.0.0.9:5060"}
    assert node.rpc.get("/ROUTE/91") == (503, "answers 503 No carrier can take the call\n")
    OutboundRoute.objects.all().delete()
    assert press(allow_empty=True).ok
    assert node.rpc.get("/ROUTE/91") == (404, "no route\n")


def test_an_endpoint_that_the_node_cannot_load_is_named_and_the_others_are_in_force(node: Node, press: Press) -> None:
    """A node without an IPv6 socket drops IPv6 destinations (docs/kamailio-facts.md#ipv6-destinations)."""
    make_route("9", make_group("Acme", "2001:db8::1", "127.0.0.21"))
    result = press()
    assert result.outcome == "behind"
    assert "did not load carrier group “Acme”, endpoint [2001:db8::1]:5060" in result.sentence
    assert targets(node) == {"sip:127.0.0.21:5060"}
    again = press()
    assert again.outcome == "behind", "a node that lacks a row must not pass for one in step"
    Endpoint.objects.filter(host="2001:db8::1").delete()
    assert press().outcome == "verified"


def test_a_node_that_restarts_is_in_step_by_itself(node: Node, press: Press, kamailio_process: NodeProcess) -> None:
    make_route("9", make_group("Acme", "127.0.0.21"))
    number = press().revision
    group = CarrierGroup.objects.get()
    Endpoint.objects.create(group=group, host="127.0.0.99")
    kamailio_process.stop()
    kamailio_process.start()
    assert targets(node) == {"sip:127.0.0.21:5060"}, "a change that was saved but not applied must not show"
    status = node_status(node, number)
    assert status.in_step
    assert status.revision == number
    assert press().ok
    assert targets(node) == {"sip:127.0.0.21:5060", "sip:127.0.0.99:5060"}


def test_the_next_apply_repairs_a_node_that_missed_one(node: Node, press: Press) -> None:
    make_route("9", make_group("Acme", "127.0.0.21"))
    assert press().ok
    make_route("8", make_group("Backup", "127.0.0.22"))
    assert apply(author=None, nodes=[]).revision != revision_on_node(node.rpc)
    assert not node_status(node, stored_revision()).in_step
    result = press()
    assert result.outcome == "verified"
    assert targets(node) == {"sip:127.0.0.21:5060", "sip:127.0.0.22:5060"}


def test_foreign_rows_do_not_disturb(node: Node, press: Press) -> None:
    Dispatcher.objects.create(pk=9000, setid=9000, destination="sip:127.0.0.77:5060", description="another tool")
    Mtree.objects.create(pk=9000, tprefix="49", tvalue="7")
    Address.objects.create(pk=9000, grp=8, ip_addr="127.0.0.78", tag="another tool")
    make_route("9", make_group("Acme", "127.0.0.21"))
    result = press()
    assert result.ok, result.sentence
    assert "sip:127.0.0.77:5060" in targets(node)


def test_selection_by_weight_is_in_the_nodes_memory(node: Node, press: Press) -> None:
    group = make_group("Acme", "127.0.0.21", "127.0.0.22", selection="weight")
    make_route("9", group)
    assert press().ok
    assert node.rpc.call("htable.get", "dsiprouter", f"dsiprouter:set:{group.pk}")["item"]["value"] == "weight"
    CarrierGroup.objects.update(selection="position")
    assert press().ok
    with pytest.raises(CallFailed, match="Key name"):
        node.rpc.call("htable.get", "dsiprouter", f"dsiprouter:set:{group.pk}")


def test_a_credential_is_added_changed_and_removed_alone(node: Node, press: Press) -> None:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    credential = AuthCredential(group=group, username="1000", registrar="127.0.0.21", register=False)
    credential.set_password("s3cret")
    credential.save()
    assert press().ok
    record = node.rpc.call("uac.reg_info", "l_uuid", f"carrier-{group.pk}")
    assert record["auth_ha1"] == credential.ha1()
    assert "s3cret" not in str(record)
    credential.realm = "asterisk"
    credential.save()
    result = press()
    assert reloaded(result) == ["uac", "htable"]
    assert "1 refreshed" in result.nodes[0].answers[0].text
    credential.delete()
    assert press().ok
    with pytest.raises(CallFailed, match="not found"):
        node.rpc.call("uac.reg_info", "l_uuid", f"carrier-{group.pk}")


def test_a_second_apply_at_the_same_time_is_refused(press: Press) -> None:
    make_route("9", make_group("Acme", "127.0.0.21"))
    with apply_lock("ada", 30):
        result = press()
    assert result.outcome == "busy"
    assert "ada" in result.sentence
    assert not Dispatcher.objects.exists()
    assert press().ok
