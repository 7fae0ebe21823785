"""Which mutants a seed chooses."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.candidates import Mutant
from tests.mutants.sample import sample


def many(path: str, count: int, kind: str = "constant") -> list[Mutant]:
    node = ast.Constant(value=1)
    return [Mutant(path, "f", f"{kind} {number}", "pass", kind, number, "", node, None) for number in range(count)]


CANDIDATES = {"a.py": many("a.py", 90), "b.py": many("b.py", 30), "c.py": many("c.py", 1), "empty.py": []}


@pytest.mark.parametrize("size", [1, 3, 10, 50, 121, 500])
def test_it_has_the_size_and_nothing_twice(size: int) -> None:
    chosen = sample(CANDIDATES, size, 1)
    assert len(chosen) == len(set(chosen)) == min(size, 121)


def test_each_file_has_its_part() -> None:
    paths = [mutant.path for mutant in sample(CANDIDATES, 13, 1)]
    assert {path: paths.count(path) for path in CANDIDATES} == {"a.py": 9, "b.py": 3, "c.py": 1, "empty.py": 0}


def test_kinds_take_turns() -> None:
    mixed = {"a.py": [*many("a.py", 500), *many("a.py", 5, "and/or"), *many("a.py", 5, "comparison")]}
    kinds = [mutant.kind for mutant in sample(mixed, 12, 1)]
    assert sorted(kinds) == ["and/or"] * 4 + ["comparison"] * 4 + ["constant"] * 4


def test_a_seed_decides_and_an_edit_changes_little() -> None:
    first = sample(CANDIDATES, 40, 1)
    assert sample(CANDIDATES, 40, 1) == first
    assert set(sample(CANDIDATES, 40, 2)) != set(first)
    edited = {**CANDIDATES, "a.py": CANDIDATES["a.py"][5:]}
    assert len(set(sample(edited, 40, 1)) - set(first)) <= 5
