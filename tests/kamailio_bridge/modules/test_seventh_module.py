"""Another Kamailio module needs only its file and a line in the registry: plan, apply, drift and pages work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from carriers.models import OutboundRoute
from carriers.snapshots.records import read_carriers
from kamailio_bridge.apply.operations import apply, restore
from kamailio_bridge.checks import check_modules
from kamailio_bridge.drift.accept import accept_row, can_accept
from kamailio_bridge.drift.compare import node_drift, read_drift
from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.tables_in_use import table_problems, tables_in_use
from kamailio_bridge.monitoring.status import node_status
from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.plan.statements import rpc_calls, sql_statements
from kamailio_bridge.questions.route_prediction import predict
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.tables import create
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import HttpNode, http_node, results
from tests.kamailio_bridge.modules.seventh import BlockedModule, BlockedPrefix
from tests.scratch import run_sql

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The line in the registry, and the operator's choice."""
    monkeypatch.setitem(MODULES, "blocked", BlockedModule())
    settings.KAMAILIO_MODULES = [*MODULES]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module's table, made as the product makes those in ``tables.models``."""
    monkeypatch.setattr(create, "TABLES", (*create.TABLES, BlockedPrefix))
    assert create.create_missing_tables().made == ["blocked_prefix"]
    yield
    run_sql("kamailio", "DROP TABLE blocked_prefix")


@pytest.fixture
def route() -> OutboundRoute:
    return make_route("0900", refuse_code=403, refuse_reason="Not allowed")


@pytest.fixture
def server() -> Iterator[HttpNode]:
    """A node that has the module and none of the others."""
    answer = results(
        core__version="kamailio 5.6.3",
        core__uptime={"uptime": 5},
        system__listMethods=["blocked.reload", "blocked.list"],
        blocked__reload="loaded",
        blocked__list=["0900"],
    )
    with http_node(answer) as server:
        yield server


@pytest.fixture
def node(server: HttpNode) -> Node:
    return Node("edge", Rpc(server.url, token="", timeout=5))


def called(server: HttpNode) -> list[str]:
    return [body["method"] for body, _ in server.requests]


def test_its_table_is_checked() -> None:
    assert check_modules() == []
    assert BlockedPrefix in tables_in_use()
    (problem,) = table_problems()
    assert problem.startswith("Table “blocked_prefix” is missing in the database “kamailio”")


def test_its_table_is_read_as_strictly_as_it_says(table: None) -> None:
    assert table_problems() == []
    run_sql(
        "kamailio",
        "DROP TABLE blocked_prefix; CREATE TABLE blocked_prefix (id INTEGER PRIMARY KEY, prefix TEXT,"
        " code VARCHAR(64), priority BIGINT, description VARCHAR(64))",
    )
    (problem,) = table_problems()
    assert "“blocked_prefix.prefix” in the database “kamailio” is declared TEXT, but must be VARCHAR(32)" in problem


def test_a_plan_has_its_rows_and_masks_its_secrets(table: None, route: OutboundRoute, node: Node) -> None:
    plan = make_plan()
    assert "blocked 1 row" in plan.summary()
    (line,) = [line for line in plan.lines() if "blocked_prefix" in line]
    assert line == (
        f"+ blocked_prefix {route.pk}: outbound route 0900: prefix=0900 code=(secret) description=route:{route.pk}"
    )
    (statement,) = [each for each in sql_statements(plan) if "blocked_prefix" in each]
    assert "'(secret)'" in statement
    assert f"code-{route.pk}" not in statement
    calls = rpc_calls(plan, node, known=True)
    assert calls.index("blocked.reload") < calls.index("htable.reload dsiprouter") < calls.index("blocked.list")


def test_an_apply_writes_reloads_and_verifies_it(
    table: None, route: OutboundRoute, node: Node, server: HttpNode
) -> None:
    result = apply(author=None, nodes=[node])
    assert (result.outcome, result.revision) == ("verified", stored_revision())
    ((answer,),) = [each.answers for each in result.nodes]
    assert (answer.module, answer.ok, answer.text) == ("blocked", True, "loaded; verified")
    assert called(server) == ["system.listMethods", "blocked.reload", "blocked.list"]
    assert BlockedPrefix.objects.get().code == f"code-{route.pk}"
    OutboundRoute.objects.update(prefix="0901")
    assert "blocked: Kamailio does not block outbound route 0901." in apply(author=None, nodes=[node]).sentence


def test_the_status_counts_it(table: None, node: Node) -> None:
    status = node_status(node, revision=None)
    assert (status.modules, status.registered, status.to_register) == (["blocked"], 1, 2)
    assert status.revision is None


def test_drift_finds_its_rows_and_they_can_be_accepted(table: None, route: OutboundRoute, node: Node) -> None:
    apply(author=None, nodes=[])
    drift = read_drift()
    assert drift.plan is not None
    assert drift.revision is not None
    assert node_drift(node, drift.plan, drift.revision.number).differences == []
    BlockedPrefix.objects.update(prefix="0901", code="stolen")
    (row,) = read_drift().rows
    assert str(row).endswith("was changed: prefix is 0901 instead of 0900, code is (secret) instead of (secret)")
    assert can_accept(row)
    assert accept_row(row=row) == route
    route.refresh_from_db()
    assert route.prefix == "0901"


def test_its_rows_can_be_restored(table: None, route: OutboundRoute) -> None:
    apply(author=None, nodes=[])
    BlockedPrefix.objects.all().delete()
    (row,) = read_drift().rows
    assert (row.kind, can_accept(row)) == ("deleted", False)
    restore(author=None)
    assert BlockedPrefix.objects.get().prefix == "0900"


def test_a_row_of_another_program_with_its_value_is_a_conflict(table: None, route: OutboundRoute) -> None:
    BlockedPrefix.objects.create(prefix="0900", description="by hand")
    (notice,) = make_plan().left_out
    assert "needs prefix “0900” in the table blocked_prefix" in str(notice)
    assert "KAMAILIO_ID_BASE" not in str(notice)


def test_a_route_test_has_its_notes() -> None:
    make_route("1", make_group("Acme", "203.0.113.7"))
    assert "A node that blocks prefixes may refuse 15550100." in predict(read_carriers(), "15550100").notes
