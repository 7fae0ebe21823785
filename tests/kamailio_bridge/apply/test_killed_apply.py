"""kill -9 at each step of an apply: tables hold the old rows or the new, the lock is free at once, the next repairs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from carriers.history.milestones import entries_not_applied
from carriers.models import CarrierGroup, Endpoint
from carriers.snapshots.records import read_carriers
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.questions.route_live import ask_route
from kamailio_bridge.questions.route_prediction import predict
from kamailio_bridge.questions.route_tables import endpoint_names
from kamailio_bridge.revisions.models import ApplyLock, Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.rows.marks import REVISION_KEY
from kamailio_bridge.tables.models import TABLES, Htable
from tests.kamailio_bridge.builders import make_group, make_pbx, make_route
from tests.kamailio_bridge.killed import Traps, applying, end_of, killed_apply

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)

INSERTS = ("INSERT INTO",)
DELETES = ("DELETE FROM",)
REVISION = ("UPDATE", "kamailio_bridge_revision", "nodes")
OLD, NEW = "old", "new"
# What the process does when it dies, and which rows the tables hold then.
STEPS: dict[str, tuple[Callable[[Traps], None], str]] = {
    "before the lock": (lambda traps: traps.at_statement("default", ("UPDATE", "applylock")), OLD),
    "holding the lock": (lambda traps: traps.at_progress("Comparing"), OLD),
    "before the first row": (lambda traps: traps.at_progress("Writing"), OLD),
    "after the first deletion": (lambda traps: traps.at_statement("kamailio", DELETES, after=True), OLD),
    "after the first row": (lambda traps: traps.at_statement("kamailio", INSERTS, after=True), OLD),
    "among the rows": (lambda traps: traps.at_statement("kamailio", INSERTS, count=4, after=True), OLD),
    "before the commit": (lambda traps: traps.at_commit("kamailio"), OLD),
    "after the commit": (lambda traps: traps.at_progress("Reloading"), NEW),
    "between two modules' reloads": (lambda traps: traps.at_call("mtree.reload"), NEW),
    "before the verification": (lambda traps: traps.at_call("dispatcher.list"), NEW),
    "before it is recorded": (lambda traps: traps.at_statement("default", REVISION), NEW),
    "before the end is recorded": (lambda traps: traps.at_progress("Node edge"), NEW),
}


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def acme(node: Node) -> Iterator[CarrierGroup]:
    """A group in force; afterwards the node runs nothing again."""
    group = make_group("Acme", "127.0.0.21", "127.0.0.22")
    make_route("9", group)
    make_pbx("office", "127.0.0.9", "127.0.0.9/32")
    assert apply(author=None, nodes=[node]).ok
    yield group
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


def change_much(group: CarrierGroup) -> None:
    """Change rows in every table: some are added, some changed, some removed."""
    group.endpoints.filter(host="127.0.0.21").update(strip=1)
    group.endpoints.filter(host="127.0.0.22").delete()
    Endpoint.objects.create(group=group, host="127.0.0.23", position=9)
    CarrierGroup.objects.filter(pk=group.pk).update(selection="weight")
    make_route("8", make_group("Backup", "127.0.0.24"))


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows but the one with the revision, whose number is compared separately."""
    stored = {table._meta.db_table: list(table.objects.order_by("pk").values_list()) for table in TABLES}
    stored["htable"] = list(Htable.objects.exclude(key_name=REVISION_KEY).order_by("pk").values_list())
    return stored


def assert_runs_what_the_carriers_call_for(node: Node) -> None:
    carriers = read_carriers()
    for number in ("914443332222", "84711", "7"):
        live = ask_route(node, number, endpoint_names(carriers)).attempts
        assert {attempt.r_uri for attempt in live} == {attempt.r_uri for attempt in predict(carriers, number).attempts}


@pytest.mark.parametrize("step", STEPS)
def test_killed(step: str, node: Node, acme: CarrierGroup, ada: User) -> None:
    trap, left = STEPS[step]
    old_rows, old_number = rows(), stored_revision()
    change_much(acme)
    killed_apply(ada, node, trap, lease=3600.0)
    rows_left, number_left = rows(), stored_revision()
    repaired = apply_when_free(node)
    reported = "Nothing to do: Kamailio already runs" if step == "before the end is recorded" else "Kamailio runs"
    assert repaired.ok
    assert repaired.sentence.startswith(f"{reported} revision {repaired.revision}")
    assert_runs_what_the_carriers_call_for(node)
    if left == OLD:
        assert (rows_left, number_left) == (old_rows, old_number)
        assert repaired.revision != old_number
    else:
        assert rows_left == rows() != old_rows
        assert number_left == repaired.revision != old_number
    assert Revision.objects.get(pk=repaired.revision).outcome == Revision.Outcome.VERIFIED
    assert apply(author=None, nodes=[node]).outcome == "nothing"


def apply_when_free(node: Node) -> ApplyResult:
    """Apply as soon as the database has noticed that the holder's connection is gone: long before its claim ends."""
    deadline = time.monotonic() + 20
    while (result := apply(author=None, nodes=[node])).outcome == "busy":
        assert time.monotonic() < deadline, result.sentence
        time.sleep(0.02)
    return result


def test_a_change_that_is_undone_after_a_kill_counts_as_applied(node: Node, acme: CarrierGroup, ada: User) -> None:
    """The tables still hold the revision before it, which is what the carriers say again."""
    endpoint = acme.endpoints.earliest("position")
    endpoint.strip = 1
    endpoint.save()
    killed_apply(ada, node, STEPS["before the commit"][0], lease=3600.0)
    endpoint.strip = 0
    endpoint.save()
    assert entries_not_applied()
    assert apply_when_free(node).outcome == "nothing"
    assert entries_not_applied() == []


def test_where_nobody_can_tell_that_it_was_killed_the_lock_is_free_when_the_claim_expires(
    node: Node, acme: CarrierGroup, ada: User
) -> None:
    """On another member of a cluster, or another host."""
    change_much(acme)
    pid = killed_apply(ada, node, STEPS["holding the lock"][0], lease=3600.0)
    ApplyLock.objects.update(life="server of another member")
    busy = apply(author=None, nodes=[node])
    assert busy.outcome == "busy"
    assert busy.sentence.startswith("ada on ")
    assert f"(process {pid}) is applying at this moment." in busy.sentence
    ApplyLock.objects.update(expires=timezone.now() - timedelta(seconds=1))  # as if the time had passed
    assert apply(author=None, nodes=[node]).outcome == "verified"


def test_of_two_processes_one_applies_and_the_other_is_told_who(node: Node, acme: CarrierGroup, ada: User) -> None:
    change_much(acme)
    waits, go = os.pipe()
    with applying(ada, node, lambda _traps: None, hold=waits) as pid:
        while not Revision.objects.filter(author=ada, outcome=Revision.Outcome.WRITTEN).exists():
            time.sleep(0.02)
        second = apply(author=None, nodes=[node])
        os.write(go, b"!")
        assert end_of(pid) == 0
    os.close(waits)
    os.close(go)
    assert second.outcome == "busy"
    assert second.sentence.startswith("ada on ")
    assert apply(author=None, nodes=[node]).outcome == "nothing"
    assert_runs_what_the_carriers_call_for(node)
