"""manage.py plan_kamailio: the preview for terminals and scripts."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from carriers.models import CarrierGroup, Endpoint, SourceNetwork
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher
from tests.commands import run_command
from tests.kamailio_bridge.builders import make_group, make_route

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture
def applied() -> CarrierGroup:
    """A carrier group that is in Kamailio's tables; no node was asked."""
    group = make_group("Acme", "203.0.113.7")
    make_route("9", group)
    assert apply(author=None, nodes=[]).revision
    return group


def test_the_words_and_how_much_it_is(applied: CarrierGroup) -> None:
    applied.endpoints.update(strip=1)
    ran = run_command("plan_kamailio")
    assert ran.status == 0
    assert ran.out.splitlines() == [
        "~ carrier group “Acme”: endpoint 203.0.113.7:5060: strip 0 -> 1",
        "2 changes pending: dispatcher 1 row, drouting 1 row.",
    ]


def test_the_rows_and_the_statements_on_request(applied: CarrierGroup) -> None:
    applied.endpoints.update(strip=1)
    rows = run_command("plan_kamailio", "--rows").out
    assert f"~ dispatcher {applied.endpoints.get().pk}: carrier group “Acme”, endpoint 203.0.113.7:5060: attrs=" in rows
    sql = run_command("plan_kamailio", "--sql").out
    assert sql.index("BEGIN;") < sql.index("DELETE FROM") < sql.index("INSERT INTO") < sql.index("COMMIT;")
    assert sql.index("node local:") < sql.index("  dispatcher.reload")


def test_check_tells_a_script_whether_anything_is_pending(applied: CarrierGroup) -> None:
    assert run_command("plan_kamailio", "--check") == (0, "No changes pending.\n", "")
    Endpoint.objects.update(strip=1)
    ran = run_command("plan_kamailio", "--check")
    assert (ran.status, ran.out.splitlines()[-1]) == (1, "2 changes pending: dispatcher 1 row, drouting 1 row.")
    Endpoint.objects.update(strip=0)
    SourceNetwork.objects.create(group=applied, network="198.51.100.0/24")
    assert run_command("plan_kamailio").out.splitlines()[-1] == "1 change pending: permissions 1 row."


def test_what_ends_is_warned_of(applied: CarrierGroup) -> None:
    make_route("8", make_group("Backup", "203.0.113.9"))
    apply(author=None, nodes=[])
    CarrierGroup.objects.filter(name="Backup").update(enabled=False)
    assert "warning: outbound route 8: its calls are answered 503 from then on, because none of its carriers" in (
        run_command("plan_kamailio").err
    )


def test_rows_changed_by_somebody_else(applied: CarrierGroup) -> None:
    Dispatcher.objects.update(priority=5)
    assert run_command("plan_kamailio").out.splitlines()[0] == (
        "Somebody else changed rows in Kamailio's tables (1): manage.py check_drift names them."
    )


def test_what_the_question_showed_is_all_that_is_applied(
    applied: CarrierGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody saves while the question stands on the terminal."""
    applied.endpoints.update(strip=1)

    def answer(_question: str) -> str:
        Endpoint.objects.update(strip=2)
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    output = StringIO()
    with pytest.raises(CommandError, match="somebody saved since you saw the changes"):
        call_command("reload_kamailio", stdout=output)
    assert "strip 0 -> 1" in output.getvalue()
    assert Revision.objects.count() == 1
    assert make_plan().count == 2
