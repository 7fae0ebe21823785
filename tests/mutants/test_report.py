"""The list of survivors in docs/testing.md, and what a run makes of it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.candidates import Mutant, mutants_of
from tests.mutants.hunt import Hunt, Verdict
from tests.mutants.report import HEADING, Unreadable, conclude, listed_survivors
from tests.mutants.server import Copy, Recorded
from tests.mutants.targets import NothingToMutate, target_files

ROOT = Path(__file__).resolve().parents[2]


def document(tmp_path: Path, entries: str) -> Path:
    path = tmp_path / "testing.md"
    path.write_text(f"# Testing\n\n- not one\n\n{HEADING}\n\nWhy.\n\n{entries}\n\n## Next\n\n- not one\n")
    return path


def test_entries_may_be_wrapped(tmp_path: Path) -> None:
    path = document(
        tmp_path, "- `a.py` `f`: `a ==\n  b` → `a != b`: it is\n  the same.\n- `b.py` `g`: `x` → `pass`: no."
    )
    assert listed_survivors(path) == {
        "`a.py` `f`: `a == b` → `a != b`": "it is the same.",
        "`b.py` `g`: `x` → `pass`": "no.",
    }


def test_an_entry_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no mutant and reason: "):
        listed_survivors(document(tmp_path, "- `a.py` `f`: `x` → `pass`:"))


def test_what_is_listed_is_a_mutant_of_today() -> None:
    listed = listed_survivors(ROOT / "docs" / "testing.md")
    names = {mutant.name for _, mutants in mutants_of(ROOT, target_files(ROOT)).values() for mutant in mutants}
    assert len(names) > 1000
    assert sorted(listed.keys() - names) == []


def test_a_target_that_names_no_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").touch()
    assert target_files(tmp_path, ("a/*.py", "a/b.py")) == ["a/b.py"]
    with pytest.raises(NothingToMutate, match=r"c/\*\.py names no file"):
        target_files(tmp_path, ("a/*.py", "c/*.py"))


def hunted(killers: list[str | None], untried: int) -> Hunt:
    """Return a hunt with a mutant for each killer, None for one that survived."""
    node = ast.Constant(value=1)
    mutants = {
        number: Mutant("a.py", f"f{number}", "x", "y", "constant", number, "-x\n+y", node, node)
        for number in range(len(killers) + untried)
    }
    copy, recorded = Copy(Path(), Path(), 1), Recorded({}, [], {})
    hunt = Hunt(copy, mutants, {}, recorded, 0.0, lambda verdict: None)
    hunt.verdicts = {number: Verdict(mutants[number], killer, "assertion", 7) for number, killer in enumerate(killers)}
    return hunt


@pytest.mark.parametrize(
    ("run", "listed", "status", "said"),
    [
        (
            (["t", "t"], 0),
            {},
            0,
            "2 of 2 mutants killed (100.0 %), 0 survived, 0 of them not listed in docs/testing.md",
        ),
        (
            (["t", None], 0),
            {"`a.py` `f1`: `x` → `y`": "why"},
            0,
            "1 of 2 mutants killed (50.0 %), 1 survived, 0 of them",
        ),
        ((["t", None], 0), {"`a.py` `f2`: `x` → `y`": "why"}, 1, "not listed: `a.py` `f1`: `x` → `y`"),
        ((["t"], 1), {}, 1, "1 were not tried within the limit: raise LIMIT or lower SIZE."),
        (([], 1), {}, 1, "0 of 0 mutants killed, 0 survived"),
        ((["t"], 0), {"`a.py` `f0`: `x` → `y`": "why"}, 0, "listed, but killed by t: `a.py` `f0`: `x` → `y`"),
    ],
)
def test_the_status_is_0_if_all_were_tried_and_each_survivor_is_listed(
    capsys: pytest.CaptureFixture[str],
    run: tuple[list[str | None], int],
    listed: dict[str, str],
    status: int,
    said: str,
) -> None:
    assert conclude(hunted(*run), listed) == status
    assert said in capsys.readouterr().out
