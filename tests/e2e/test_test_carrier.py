"""manage.py test_carrier: what it says of carriers that answer, are silent, refuse, or can't be asked at all."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest
from pytest_django import Settings

from kamailio_bridge.questions.probe_slots import SLOTS, probe_slot
from tests.commands import run_command
from tests.e2e.scene import Scene, to
from tests.e2e.sip.digest import Account
from tests.mariadb import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

ACCOUNT = Account("1000", "a secret that stays one", "carrier.example")


@pytest.fixture(autouse=True)
def local_node(scene: Scene, settings: Settings) -> None:
    """Let the scene's Kamailio be the node of the settings."""
    settings.DSIPROUTER_RPC_PORT = scene.process.parameters.rpc_port
    settings.DSIPROUTER_RPC_TOKEN = scene.process.parameters.rpc_token


def test_endpoints_and_credential_before_anything_is_applied(scene: Scene) -> None:
    carrier, registrar = scene.carrier(), scene.registrar(ACCOUNT)
    group = scene.group("Acme", to(carrier, name="primary"), to(carrier, transport="tcp", strip=1))
    scene.credential(group, ACCOUNT, registrar)
    ran = run_command("test_carrier", "Acme")
    assert (ran.status, ran.err) == (0, "")
    primary, backup, credential = ran.out.splitlines()
    assert primary.startswith(f"endpoint primary: ok: sip:{carrier.host_port} answers 200 OK in ")
    assert backup.startswith(
        f"endpoint {carrier.address}: ok: sip:{carrier.host_port};transport=tcp answers 200 OK in "
    )
    assert credential == f"credential: ok: {registrar.address} accepts the username and password."
    assert ACCOUNT.password not in ran.out


def test_one_that_is_not_well_ends_it_with_1_after_all_were_asked(scene: Scene) -> None:
    carrier = scene.carrier()
    refusing = {"host": carrier.address, "port": free_port(), "transport": "tcp"}
    scene.group("Acme", refusing, to(carrier))
    ran = run_command("test_carrier", "Acme")
    assert ran.status == 1
    first, second = ran.out.splitlines()
    assert first.startswith(f"endpoint {carrier.address}: FAILED: ")
    assert second.startswith(f"endpoint {carrier.address}: ok: ")


def test_a_rejected_password(scene: Scene) -> None:
    registrar = scene.registrar(ACCOUNT)
    scene.credential(scene.group("Acme"), replace(ACCOUNT, password="not this one"), registrar)
    ran = run_command("test_carrier", "Acme")
    assert ran.status == 1
    assert "credential: FAILED: " in ran.out
    assert "rejects the username or password; check both with the carrier." in ran.out
    assert "not this one" not in ran.out + ran.err


def test_a_name_that_is_none_and_a_group_with_nothing(scene: Scene) -> None:
    scene.group("Acme")
    ran = run_command("test_carrier", "Acne")
    assert (ran.status, ran.err) == (1, "CommandError: There is no carrier group “Acne”. Carrier groups: Acme.\n")
    ran = run_command("test_carrier", "Acme")
    assert (ran.status, ran.out) == (
        0,
        "This carrier group has neither endpoints nor a credential: there is nothing to test.\n",
    )


@pytest.mark.parametrize("typed", ["Größe", "Gro\u0308ße", "GRÖßE", " größe "])
def test_the_name_as_it_looks(scene: Scene, typed: str) -> None:
    """As in documents: a Mac's shell decomposes letters."""
    scene.group("Größe")
    assert run_command("test_carrier", typed).status == 0


def test_a_node_that_is_down(scene: Scene, settings: Settings) -> None:
    scene.group("Acme", to(scene.carrier()))
    settings.DSIPROUTER_RPC_PORT = free_port()
    ran = run_command("test_carrier", "Acme")
    assert ran.status == 1
    assert ran.err.startswith("CommandError: Node local can't ask: ")
    assert "connection refused" in ran.err


def test_no_more_than_a_few_at_a_time(scene: Scene) -> None:
    carrier = scene.carrier()
    scene.group("Acme", to(carrier))
    with ExitStack() as others:
        for _ in range(SLOTS):
            others.enter_context(probe_slot())
        ran = run_command("test_carrier", "Acme")
    assert ran.status == 1
    assert "try again in a moment" in ran.err
    assert carrier.received == []
