"""The list of survivors in docs/testing.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.candidates import mutants_of
from tests.mutants.listed import HEADING, Unreadable, listed_survivors
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


def test_a_target_that_names_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").touch()
    assert target_files(tmp_path, ("a/*.py", "a/b.py")) == ["a/b.py"]
    with pytest.raises(NothingToMutate, match=r"c/\*\.py names no file"):
        target_files(tmp_path, ("a/*.py", "c/*.py"))
