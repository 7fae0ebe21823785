"""manage.py reload_kamailio and kamailio_status, with a real Kamailio: their output and exit status."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.local.kamailio_process import NodeProcess
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.number import stored_revision
from kamailio_bridge.tables.models import Dispatcher
from tests.commands import run_command
from tests.kamailio_bridge.builders import make_group, make_route
from tests.kamailio_bridge.http_node import free_port
from tests.terminal import open_terminal

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)


@pytest.fixture(autouse=True)
def local_node(kamailio_process: NodeProcess, settings: Settings) -> Iterator[None]:
    """Let the running Kamailio be the node of the settings, and one route wait for it."""
    settings.DSIPROUTER_RPC_PORT = kamailio_process.parameters.rpc_port
    settings.DSIPROUTER_RPC_TOKEN = kamailio_process.parameters.rpc_token
    settings.KAMAILIO_RPC_TIMEOUT = 20
    make_route("9", make_group("Acme", "127.0.0.21"))
    yield
    settings.DSIPROUTER_RPC_PORT = kamailio_process.parameters.rpc_port
    settings.DSIPROUTER_RPC_TOKEN = kamailio_process.parameters.rpc_token
    CarrierGroup.objects.all().delete()
    assert run_command("reload_kamailio", "--yes", "--allow-empty").status == 0


def type_in(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


# --- reload_kamailio --------------------------------------------------------------------------------------------------


def test_it_says_what_each_module_of_the_node_answered() -> None:
    ran = run_command("reload_kamailio", "--yes")
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == f"node local: runs revision {stored_revision()}, verified."
    assert {line.split(":")[0].strip() for line in lines[1:-1]} >= {"dispatcher", "mtree", "permissions", "htable"}
    assert all(": ok: " in line for line in lines[1:-1])
    assert lines[-1] == f"Kamailio runs revision {stored_revision()}: reloaded and verified."
    again = run_command("reload_kamailio", "--yes")
    assert again.status == 0
    assert "Nothing to do" in again.out


@pytest.mark.parametrize(("typed", "sentence"), [("n\n", "nothing was changed"), ("", "Use --yes in scripts")])
def test_without_a_yes_nothing_is_changed(typed: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(typed, monkeypatch)
    ran = run_command("reload_kamailio")
    assert ran.status != 0
    assert "carrier group “Acme”" in ran.out
    assert sentence in ran.err
    assert not Dispatcher.objects.exists()


def test_with_a_yes_it_goes_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in("y\n", monkeypatch)
    assert run_command("reload_kamailio").status == 0
    assert Dispatcher.objects.count() == 1


def test_an_unknown_node_is_refused_before_anything_is_written() -> None:
    ran = run_command("reload_kamailio", "--yes", "--node", "nowhere")
    assert ran.status != 0
    assert "There is no node “nowhere”. Known nodes: local." in ran.err
    assert not Dispatcher.objects.exists()
    assert run_command("reload_kamailio", "--yes", "--node", "local").status == 0


def test_a_problem_is_named_and_nothing_is_written() -> None:
    Endpoint.objects.update(host="999.1.1.1")
    ran = run_command("reload_kamailio", "--yes")
    assert ran.status != 0
    assert "“999.1.1.1” is not an IP address" in ran.err
    assert not Dispatcher.objects.exists()


def test_the_end_of_all_routing_must_be_meant() -> None:
    run_command("reload_kamailio", "--yes")
    CarrierGroup.objects.update(enabled=False)
    ran = run_command("reload_kamailio", "--yes")
    assert ran.status != 0
    assert "no route for any outbound call" in ran.err
    assert Dispatcher.objects.count() == 1
    assert run_command("reload_kamailio", "--yes", "--allow-empty").status == 0
    assert not Dispatcher.objects.exists()


def test_a_terminal_shows_how_far_it_is() -> None:
    with open_terminal() as terminal:
        call_command("reload_kamailio", "--yes", stdout=io.StringIO(), stderr=terminal.file)
        assert terminal.shows(" ...")


# --- What a real Kamailio does to an operator -------------------------------------------------------------------------


def assert_written_but_behind(sentence: str) -> None:
    """The command fails with one sentence, the rows are whole, and the status agrees."""
    ran = run_command("reload_kamailio", "--yes")
    assert ran.status != 0
    error = [line for line in ran.err.splitlines() if line.startswith("CommandError: ")]
    assert len(error) == 1
    assert sentence in error[0]
    assert Dispatcher.objects.count() == 1
    assert Revision.objects.get(number=stored_revision()).outcome == Revision.Outcome.BEHIND
    status = run_command("kamailio_status", "--json")
    assert status.status == 1
    told = json.loads(status.out)
    assert (told["ok"], told["revision"], told["waiting"]) == (False, stored_revision(), 0)


def test_a_node_that_is_down(settings: Settings) -> None:
    settings.DSIPROUTER_RPC_PORT = free_port()
    assert_written_but_behind("Check that Kamailio runs there")


def test_a_token_that_the_node_does_not_know(settings: Settings) -> None:
    settings.DSIPROUTER_RPC_TOKEN = "another token"
    assert_written_but_behind("DSIPROUTER_RPC_TOKEN")


def test_a_node_that_hangs(kamailio_process: NodeProcess, settings: Settings) -> None:
    settings.KAMAILIO_RPC_TIMEOUT = 0.3
    assert kamailio_process.pid is not None
    os.killpg(kamailio_process.pid, signal.SIGSTOP)
    try:
        assert_written_but_behind("did not answer within 0.3 s")
    finally:
        os.killpg(kamailio_process.pid, signal.SIGCONT)
        settings.KAMAILIO_RPC_TIMEOUT = 20


# --- kamailio_status --------------------------------------------------------------------------------------------------


def test_status_says_what_runs_and_what_is_pending() -> None:
    run_command("reload_kamailio", "--yes")
    ran = run_command("kamailio_status")
    assert ran.status == 0
    assert f"revision in Kamailio's tables: {stored_revision()}\npending changes: 0\n" in ran.out
    assert f"runs revision {stored_revision()}, in step." in ran.out
    assert re.search(r"kamailio [56]\.", ran.out)
    Endpoint.objects.update(strip=1)
    pending = run_command("kamailio_status", "--json")
    assert pending.status == 0  # pending changes are no fault
    assert json.loads(pending.out)["waiting"] > 0


def test_status_says_that_tables_can_not_be_read() -> None:
    with connections["kamailio"].cursor() as cursor:
        cursor.execute("ALTER TABLE mtree RENAME TO mtree_elsewhere")
    try:
        ran = run_command("kamailio_status")
        with pytest.raises(CommandError, match="create_kamailio_tables"):
            call_command("plan_kamailio")
    finally:
        with connections["kamailio"].cursor() as cursor:
            cursor.execute("ALTER TABLE mtree_elsewhere RENAME TO mtree")
    assert ran.status == 1
    assert "problem: " in ran.out
    assert "none yet" not in ran.out  # there may be one: who can't read the tables can't tell
    assert "create_kamailio_tables" in ran.out
