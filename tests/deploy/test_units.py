"""systemd's own judgement of the units, and that what they start is there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.deploy.places import DEPLOY, ROOT, run

UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = {"dsiprouter-backup": 45}  # root, because it reads the secrets; the others in tenths, as systemd counts


@pytest.fixture
def units(tmp_path: Path) -> Path:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/dsiprouter", str(ROOT))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_finds_nothing_wrong(units: Path) -> None:
    assert run(["systemd-analyze", "verify", "--man=no", *units.iterdir()]) == ""


@pytest.mark.parametrize("service", SERVICES, ids=lambda unit: unit.stem)
def test_services_are_closed_in(units: Path, service: Path) -> None:
    limit = MOST_EXPOSED.get(service.stem, 25)
    run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", "--no-pager", units / service.name],
        env={**os.environ, "SYSTEMD_COLORS": "0"},
    )


def test_commands_and_files_of_the_units_are_there() -> None:
    text = "\n".join(unit.read_text(encoding="utf-8") for unit in UNITS)
    commands = set(re.findall(r"manage\.py (\w+)", text))
    assert "check" in commands
    assert commands <= set(get_commands())
    files = set(re.findall(r"/opt/dsiprouter/([\w./-]+)", text)) - {".venv/bin/python", ".venv/bin/gunicorn"}
    assert {"deploy/backup", "kamailio_bridge/kamailio/kamailio.cfg", "docs/deploy.md"} <= files
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_timers_have_their_service() -> None:
    for unit in UNITS:
        if unit.suffix == ".timer":
            assert unit.with_suffix(".service") in SERVICES


@pytest.mark.parametrize(
    ("name", "address", "why"),
    [
        ("DSIPROUTER_SIP_ADDRESS", "0.0.0.0", "means every address of the machine"),
        ("DSIPROUTER_SIP_ADDRESS", "[::]", "means every address of the machine"),
        ("DSIPROUTER_SIP_ADDRESS", "::1", "write it in brackets, [::1]"),
        ("DSIPROUTER_SIP_ADDRESS", "192.0.2.1", "is no address of this machine"),
        ("DSIPROUTER_SIP_ADDRESS", "localhost", "is no IP address"),
        ("DSIPROUTER_SIP_IPV6_ADDRESS", "[::]", "means every address of the machine"),
        ("DSIPROUTER_SIP_IPV6_ADDRESS", "::1", "write it in brackets, [::1]"),
        ("DSIPROUTER_SIP_IPV6_ADDRESS", "127.0.0.1", "is no IPv6 address"),
    ],
)
def test_kamailio_is_not_started_at_an_address_that_carriers_can_t_be_told(name: str, address: str, why: str) -> None:
    said = run([DEPLOY / "check-sip-address"], status=1, env={**os.environ, name: address})
    assert said.startswith(f"{name}: ")
    assert why in said


def test_kamailio_is_started_at_addresses_of_this_machine() -> None:
    addresses = {"DSIPROUTER_SIP_ADDRESS": "127.0.0.1", "DSIPROUTER_SIP_IPV6_ADDRESS": "[::1]"}
    assert run([DEPLOY / "check-sip-address"], env={**os.environ, **addresses}) == ""


@pytest.mark.parametrize("address", ["0.0.0.0", "8.8.8.8", "::"])
def test_kamailio_is_not_started_where_strangers_reach_its_rpc(address: str) -> None:
    check = [DEPLOY / "check-rpc-address"]
    said = run(check, status=1, env={**os.environ, "DSIPROUTER_RPC_ADDRESS": address})
    assert said.startswith(f"DSIPROUTER_RPC_ADDRESS: {address} ")
    assert run(check, env={**os.environ, "DSIPROUTER_RPC_ADDRESS": "10.0.0.5"}) == ""
    anywhere = {**os.environ, "DSIPROUTER_RPC_ADDRESS": address, "KAMAILIO_RPC_ANYWHERE": "true"}
    assert run(check, env=anywhere) == ""
