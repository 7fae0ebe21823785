"""Only a few tests of carriers at a time, whoever runs them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from kamailio_bridge.questions.probe_slots import SLOTS, AllSlotsTaken, probe_slot
from tests.admin.forms import Carriers

# What another process of the site does: it takes a place, says so, and keeps it until it is ended.
HOLDER = """
import sys
from pathlib import Path
from django.conf import settings
settings.configure(DSIPROUTER_HOME=Path(sys.argv[1]))
from kamailio_bridge.questions.probe_slots import probe_slot
with probe_slot():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.DSIPROUTER_HOME = tmp_path
    return tmp_path


def test_there_are_a_few_places_and_they_come_back() -> None:
    for _ in range(2):
        with ExitStack() as stack:
            for _ in range(SLOTS):
                stack.enter_context(probe_slot())
            with pytest.raises(AllSlotsTaken, match="try again in a moment"), probe_slot():
                pytest.fail("a place too many")


def test_a_failing_test_gives_its_place_back() -> None:
    for _ in range(SLOTS + 1):
        with pytest.raises(ZeroDivisionError), probe_slot():
            raise ZeroDivisionError


def test_processes_share_the_places_and_a_killed_one_gives_its_own_back(home: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(home)]
    root = Path(__file__).resolve().parents[2]
    with (
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder,
        ExitStack() as stack,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        for _ in range(SLOTS - 1):
            stack.enter_context(probe_slot())
        with pytest.raises(AllSlotsTaken), probe_slot():
            pytest.fail("a place too many")
        holder.kill()
        holder.wait()
        with probe_slot():
            pass


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_the_buttons_say_it(login: Any, carriers: Carriers) -> None:
    client = login("editor")
    with ExitStack() as stack:
        for _ in range(SLOTS):
            stack.enter_context(probe_slot())
        answer = client.post(f"/admin/kamailio/test/credential/{carriers.group.pk}/")
    assert (answer.status_code, answer.json()["ok"]) == (429, False)
    assert "tests of carriers are running" in answer.json()["sentence"]
