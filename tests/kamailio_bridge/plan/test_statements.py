"""The plan as SQL statements and RPC commands: what they say is what an apply does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from carriers.models import AuthCredential, CarrierGroup
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.plan.statements import literal, rpc_calls, sql_statements
from kamailio_bridge.revisions.number import store_revision
from kamailio_bridge.tables.models import TABLES, Htable, Version
from tests.kamailio_bridge.builders import make_group, make_inbound_route, make_pbx, make_route
from tests.kamailio_bridge.listening import heard, listening_node

in_a_transaction = pytest.mark.django_db(databases=["default", "kamailio"])
committed = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


def stored() -> dict[str, list[Any]]:
    return {
        table._meta.db_table: sorted(map(repr, table.objects.values_list())) for table in TABLES if table is not Version
    }


def run_by_hand() -> None:
    """Run the statements as somebody at a terminal would, after putting the number in."""
    with connections["kamailio"].cursor() as cursor:
        for statement in list(sql_statements(make_plan()))[1:-1]:
            cursor.execute(statement.replace("(number of the new revision)", "7"))


@in_a_transaction
def test_the_statements_run_by_hand_leave_the_rows_of_an_apply() -> None:
    group = make_group("O'Neill \\ Söhne; --", "203.0.113.7", "gw.example")
    group.endpoints.update(prefix="#31#")
    make_route("9", group)
    make_inbound_route("1444", make_pbx("office", "192.0.2.9", "192.0.2.9/32"))
    run_by_hand()
    assert make_plan().count == 0
    by_hand = stored()
    assert Htable.objects.get(key_name="dsiprouter:revision").key_value == "7"
    for table in TABLES:
        if table is not Version:
            table.objects.all().delete()
    write(make_plan())
    store_revision(7)
    assert stored() == by_hand
    group.endpoints.filter(host="gw.example").delete()
    group.endpoints.update(strip=3)
    run_by_hand()
    assert make_plan().count == 0


@in_a_transaction
def test_the_statements_are_those_of_an_apply_in_its_order() -> None:
    make_route("9", make_group("Acme", "203.0.113.7", "203.0.113.8"))
    write(make_plan())
    CarrierGroup.objects.get().endpoints.filter(host="203.0.113.8").delete()
    CarrierGroup.objects.get().endpoints.update(strip=3)
    plan = make_plan()
    with CaptureQueriesContext(connections["kamailio"]) as queries:
        write(plan)
    verb = re.compile(r"(DELETE FROM|INSERT INTO) \W(\w+)")
    reported = [match.groups() for statement in sql_statements(plan) if (match := verb.match(statement))]
    done = [match.groups() for query in queries if (match := verb.match(query["sql"]))]
    assert len(done) > 3
    assert reported[:-2] == done  # the last two write the revision


@in_a_transaction
def test_nothing_to_do_is_no_statement() -> None:
    write(make_plan())
    assert list(sql_statements(make_plan())) == []


@in_a_transaction
def test_digests_are_masked() -> None:
    credential = AuthCredential(group=make_group("Acme", "203.0.113.7"), username="1000", registrar="sip.acme.example")
    credential.set_password("hunter2-secret")
    credential.save()
    text = "\n".join(sql_statements(make_plan()))
    assert "'(secret)'" in text
    assert credential.ha1() not in text


@in_a_transaction
@pytest.mark.parametrize(
    "value", ["plain", "it's", 'a "b"', "back\\slash'", "'; DROP TABLE x; --", "“ü”", "", None, 0, 42]
)
def test_a_literal_is_read_as_the_value(value: str | int | None) -> None:
    connection = connections["kamailio"]
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + literal(connection, value))
        assert cursor.fetchone() == (value,)


@in_a_transaction
@pytest.mark.parametrize("change", [{"expires": 600}, {"register": False}])
def test_a_credential_that_changes_in_one_column_is_refreshed(change: dict[str, Any]) -> None:
    credential = AuthCredential(group=make_group("Acme", "203.0.113.7"), username="1000", registrar="sip.acme.example")
    credential.set_password("secret")
    credential.save()
    write(make_plan())
    AuthCredential.objects.update(**change)
    calls = rpc_calls(make_plan(), Node("edge", Rpc("http://127.0.0.1:1/RPC", "token", 1)), known=True)
    refreshed = f"uac.reg_refresh carrier-{credential.group_id}" in calls
    assert refreshed == ("expires" in change), "whether it registers is switched without loading it again"


# --- RPC commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def listening(node: Node) -> Iterator[Node]:
    """Return the real node behind a client that notes; afterwards it runs nothing again."""
    yield listening_node(node)
    CarrierGroup.objects.all().delete()
    apply(author=None, nodes=[node], allow_empty=True)


CHANGING = re.compile(r"\S*(reload|Reload|reg_(refresh|remove|unregister|enable|disable))\b")


def announced(node: Node, *, known: bool) -> list[str]:
    """Return the commands of the plan that do not depend on an answer; our configuration has no drouting."""
    calls = rpc_calls(make_plan(), node, known=known)
    return [call for call in calls if "#" not in call and not call.startswith("drouting.")]


def assert_heard(node: Node, reported: list[str]) -> None:
    """Check that the commands that change something came in that order, and that the dumps were taken."""
    came = heard(node)
    assert [call for call in came if CHANGING.match(call)] == [call for call in reported if CHANGING.match(call)]
    assert set(reported) <= set(came)


@committed
def test_the_commands_are_those_that_a_node_hears_in_their_order(listening: Node) -> None:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    reported = announced(listening, known=False)
    assert apply(author=None, nodes=[listening]).ok
    assert_heard(listening, reported)
    group.endpoints.update(strip=1)
    reported = announced(listening, known=True)
    assert reported == [
        "dispatcher.reload",
        "htable.reload dsiprouter",
        "dispatcher.list",
        "htable.dump dsiprouter",
        "htable.get dsiprouter dsiprouter:revision",
    ]
    assert apply(author=None, nodes=[listening]).ok
    assert_heard(listening, reported)


@committed
def test_each_changed_credential_has_its_own_command(listening: Node) -> None:
    group = make_group("Acme", "127.0.0.21")
    make_route("9", group)
    assert apply(author=None, nodes=[listening]).ok
    credential = AuthCredential(group=group, username="1000", registrar="127.0.0.21", register=False)
    credential.set_password("secret")
    credential.save()
    heard(listening)
    reported = announced(listening, known=True)
    assert f"uac.reg_refresh carrier-{group.pk}" in reported
    assert apply(author=None, nodes=[listening]).ok
    assert_heard(listening, reported)
    credential.delete()
    reported = announced(listening, known=True)
    assert f"uac.reg_remove carrier-{group.pk}" in reported
    assert apply(author=None, nodes=[listening]).ok
    assert_heard(listening, reported)
