"""A hunt in a copy of the tree, with a small module and its tests in it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.deploy.places import run
from tests.mutants.candidates import mutants_of
from tests.mutants.hunt import Hunt, Verdict
from tests.mutants.server import Copy, record
from tests.mutants.tree import copy_tree, put_switches

ROOT = Path(__file__).resolve().parents[2]
CODE = """
LIMIT = 3

def rest(number):
    while number > LIMIT:
        number -= LIMIT
    return abs(number) + 0

def unused(number):
    return number
"""
TESTS = """
import pytest
from carriers.models import CarrierGroup
from carriers.small import rest

@pytest.mark.django_db(transaction=True)
def test_the_rest_where_no_row_is_left_of_another_run():
    assert not CarrierGroup.objects.exists()
    CarrierGroup.objects.create(name="left")
    assert rest(7) == 1

def test_that_fails_without_a_mutant():
    assert rest(1) == 2
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    scratch = tmp_path_factory.mktemp("mutants")
    copy = Copy(scratch / "tree", scratch, 1, ("tests/small",))
    copy_tree(ROOT, copy.tree)
    (copy.tree / "carriers" / "small.py").write_text(CODE, encoding="utf-8")
    (copy.tree / "tests" / "small").mkdir()
    (copy.tree / "tests" / "small" / "test_small.py").write_text(TESTS, encoding="utf-8")
    found = mutants_of(copy.tree, ["carriers/small.py"])
    mutants = dict(enumerate(found["carriers/small.py"][1], start=1))
    files = put_switches(copy.tree, found, mutants)
    recorded = record(copy, workers=0, limit=200)
    assert recorded.failed == ["tests/small/test_small.py::test_that_fails_without_a_mutant"]
    deadline = time.monotonic() + 250
    hunt = Hunt(copy, mutants, files, recorded, deadline, report=lambda verdict: None, grace=1.0)
    hunt.run(1)
    assert hunt.errors == []
    assert hunt.verdicts.keys() == mutants.keys()
    return {f"{verdict.mutant.before} → {verdict.mutant.after}": verdict for verdict in hunt.verdicts.values()}


def test_what_became_of_each_mutant(verdicts: dict[str, Verdict]) -> None:
    killer = "tests/small/test_small.py::test_the_rest_where_no_row_is_left_of_another_run"
    assert {name: (verdict.killer, verdict.how, verdict.tests) for name, verdict in verdicts.items()} == {
        "LIMIT = 3 → LIMIT = 4": (killer, "assertion", 1),
        "number > LIMIT → number >= LIMIT": (None, "", 1),
        "number > LIMIT → number <= LIMIT": (killer, "assertion", 1),
        "number -= LIMIT → pass": (killer, "time limit", 1),
        "return abs(number) + 0 → return None": (killer, "assertion", 1),
        "abs(number) + 0 → abs(number)": (None, "", 1),
        "abs(number) + 0 → abs(number) - 0": (None, "", 1),
        "abs(number) + 0 → abs(number) + 1": (killer, "assertion", 1),
        "return number → return None": (None, "", 0),
    }


def test_the_work_tree_is_not_touched(verdicts: dict[str, Verdict]) -> None:
    assert verdicts
    assert not (ROOT / "mutant_switch.py").exists()
    assert run(["git", "-C", ROOT, "grep", "-l", "__mutant__", "--", "carriers", "kamailio_bridge"], status=1) == ""
