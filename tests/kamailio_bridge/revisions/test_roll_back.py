"""Roll back: Kamailio's tables become, byte for byte, what they were at an earlier revision."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from carriers.models import AuthCredential, CarrierGroup
from carriers.snapshots.records import read_carriers
from carriers.snapshots.state import take_state
from kamailio_bridge.apply.operations import apply, fail_over, restore
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.revisions.models import Revision, RollBack
from kamailio_bridge.revisions.roll_back import NotKept, roll_back
from kamailio_bridge.rows.marks import REVISION_KEY
from kamailio_bridge.tables.models import TABLES, Dispatcher, Htable, Mtree
from tests.e2e.random_operator import Operator
from tests.kamailio_bridge.builders import make_group, make_pbx, make_route
from tests.kamailio_bridge.http_node import free_port

SEED = 4
REVISIONS = 10
EDITS = 15


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of Kamailio's tables but the one that holds the revision."""
    return {
        table._meta.db_table: [
            row for row in table.objects.order_by("pk").values_list() if REVISION_KEY not in map(str, row)
        ]
        for table in TABLES
    }


def revision_of(number: int | None) -> Revision:
    return Revision.objects.get(pk=number)


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_tables_are_byte_for_byte_as_they_were_at_each_of_ten_revisions(node: Node) -> None:
    make_pbx("office", "127.0.0.9", "127.0.0.9/32")
    make_pbx("branch", "127.0.0.10", "127.0.0.10/32")
    operator, seen, done = Operator(SEED), {}, set()
    while len(seen) < REVISIONS:
        done |= {operator.edit() for _ in range(EDITS)}
        result = apply(author=None, nodes=[node], allow_empty=True)
        assert result.ok, result.sentence
        seen[result.revision] = (tables(), read_carriers())
    assert {"remove_group", "change_group", "remove_route", "remove_endpoint", "set_credential"} <= done
    for number in random.Random(SEED).sample(sorted(seen), k=REVISIONS):
        roll_back(revision=revision_of(number), author=None)
        result = apply(author=None, nodes=[node], allow_empty=True)
        assert result.ok, result.sentence
        assert (tables(), read_carriers()) == seen[number], f"revision {number} (seed {SEED})"
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_the_next_revision_says_where_it_was_rolled_back_to() -> None:
    author = get_user_model().objects.create_user("ada")
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    first = apply(author=None, nodes=[]).revision
    group.endpoints.update(strip=1)
    apply(author=None, nodes=[])
    before = tables()
    roll_back(revision=revision_of(first), author=author)
    assert tables() == before, "in Kamailio nothing changes until it is applied"
    third = revision_of(apply(author=author, nodes=[]).revision)
    assert third.summary == f"roll back to revision {first}: dispatcher 1 row, drouting 1 row"
    waited = RollBack.objects.get()
    assert (waited.author, waited.applied_with) == (author, third)
    group.endpoints.update(strip=2)
    assert "roll back" not in revision_of(apply(author=author, nodes=[]).revision).summary


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_the_next_revision_says_if_something_was_saved_after_the_roll_back() -> None:
    group = make_group("Acme", "203.0.113.7")
    first = apply(author=None, nodes=[]).revision
    group.endpoints.update(strip=1)
    apply(author=None, nodes=[])
    roll_back(revision=revision_of(first), author=None)
    group.endpoints.update(strip=4)
    third = revision_of(apply(author=None, nodes=[]).revision)
    assert third.summary.startswith(f"roll back to revision {first}, with other changes: dispatcher 1 row")


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
def test_a_failover_and_a_restore_leave_a_roll_back_pending() -> None:
    """Neither applies the carriers, so neither may mark the roll back as applied."""
    for name in ("east", "west"):
        KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{free_port()}/RPC", time_limit=1)
    group = make_group("Acme", "203.0.113.7")
    credential = AuthCredential(group=group, username="1000", registrar="sip.acme.example")
    credential.set_password("secret")
    credential.save()
    first = apply(author=None).revision
    group.endpoints.update(strip=1)
    second = apply(author=None).revision
    roll_back(revision=revision_of(first), author=None)
    owner = Htable.objects.get(key_name__startswith="dsiprouter:owner:").key_value
    failed_over = fail_over(author=None, node=owner).revision
    assert revision_of(failed_over).summary.startswith(f"fail over from node {owner}: ")
    Dispatcher.objects.update(priority=5)
    restored = restore(author=None).revision
    assert revision_of(restored).summary.startswith("restore revision ")
    assert first < second < failed_over < restored
    assert RollBack.objects.get().applied_with is None
    applied = revision_of(apply(author=None).revision)
    assert applied.summary.startswith(f"roll back to revision {first}: ")
    assert RollBack.objects.get().applied_with == applied


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_a_roll_back_stays_pending_until_all_of_it_is_applied() -> None:
    group = make_group("Acme", "203.0.113.7")
    route = make_route("9", group)
    make_route("8", group)
    first = revision_of(apply(author=None, nodes=[]).revision)
    route.delete()
    assert apply(author=None, nodes=[]).revision
    taken = Mtree.objects.create(pk=70_000_000, tprefix="o9", tvalue="another tool")
    roll_back(revision=first, author=None)
    group.endpoints.update(strip=1)
    partial = apply(author=None, nodes=[])
    assert (partial.outcome, RollBack.objects.get().applied_with) == ("partial", None)
    taken.delete()
    applied = apply(author=None, nodes=[])
    assert (applied.ok, RollBack.objects.get().applied_with) == (True, revision_of(applied.revision))


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_a_revision_whose_carriers_are_not_kept_is_refused() -> None:
    group = make_group("Acme", "203.0.113.7")
    first = revision_of(apply(author=None, nodes=[]).revision)
    Revision.objects.update(snapshot=None)
    group.delete()
    with pytest.raises(NotKept, match=f"The carriers of revision {first.number} are not kept any more"):
        roll_back(revision=revision_of(first.pk), author=None)
    failed = Revision.objects.create(outcome=Revision.Outcome.FAILED)
    with pytest.raises(CommandError, match=f"Revision {failed.number} was never written"):
        call_command("roll_back", failed.number, "--yes")
    assert not RollBack.objects.exists()


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    make_group("Acme", "203.0.113.7")
    number = apply(author=None, nodes=[]).revision
    then = take_state()
    make_group("Other")
    call_command("roll_back", number, "--yes")
    assert f"1 change made: the carriers are as they were at revision {number}." in capsys.readouterr().out
    assert take_state() == then
    call_command("roll_back", number)
    assert capsys.readouterr().out == f"Nothing to do: the carriers are as they were at revision {number}.\n"
    with pytest.raises(CommandError, match="There is no revision 999"):
        call_command("roll_back", 999)
