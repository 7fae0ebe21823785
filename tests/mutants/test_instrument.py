"""Code with switches does what it did before, and with one of them on what the mutant does."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.mutants.candidates import Mutant, mutants_of
from tests.mutants.instrument import FILE_NUMBERS, instrumented

SOURCE = '''"""A docstring stays first."""

from __future__ import annotations

LIMIT = 3


def chosen(values, *, least=0):
    """Return what is chosen."""
    found = []
    for value in values:
        if value < least or value == LIMIT:
            continue
        found += [value]
        found[-1] += 1
    return sorted(found, reverse=True) if any(found) else None


def words(values):
    yield from (f"{value + 1:>{LIMIT}}" for value in values if not value)
'''


class Switches:
    """Takes the place of the module that copied trees have."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        (root / "file.py").write_text(SOURCE, encoding="utf-8")
        tree, mutants = mutants_of(root, ["file.py"])["file.py"]
        self.mutants: dict[int, Mutant] = dict(enumerate(mutants, start=1))
        self.code = instrumented(tree, self.mutants, FILE_NUMBERS)
        self.asked: set[int] = set()
        self.active = 0
        monkeypatch.setitem(sys.modules, "mutant_switch", SimpleNamespace(is_active=self.is_active))

    def is_active(self, number: int) -> bool:
        self.asked.add(number)
        return number == self.active

    def result(self, active: int = 0) -> Any:
        self.active = active
        names: dict[str, Any] = {}
        try:
            exec(compile(self.code, "file.py", "exec"), names)  # noqa: S102 - it is our own
            return names["chosen"]([3, 1, 0, 2], least=1), list(names["words"]([0, 1]))
        except Exception as error:  # noqa: BLE001 - some mutants only fail
            return repr(error)


@pytest.fixture
def switches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Switches:
    return Switches(monkeypatch, tmp_path)


def test_without_a_mutant_it_is_the_same_code(switches: Switches) -> None:
    assert switches.result() == ([3, 2], ["  1"])
    assert ast.get_docstring(ast.parse(switches.code)) == "A docstring stays first."


def test_every_switch_is_asked(switches: Switches) -> None:
    switches.result()
    assert switches.asked == {*switches.mutants, FILE_NUMBERS}
    assert len(switches.mutants) > 20


def test_each_mutant_is_what_its_name_says(switches: Switches) -> None:
    results = {mutant.name: switches.result(number) for number, mutant in switches.mutants.items()}
    normal = switches.result()
    assert results["`file.py` `chosen`: `continue` → `pass`"] == ([4, 3, 2, 1], ["  1"])
    assert results["`file.py` `chosen`: `value < least` → `value <= least`"] == ([3], ["  1"])
    assert results["`file.py` `chosen`: `found[-1] += 1` → `pass`"] == ([2, 1], ["  1"])
    assert results["`file.py` `words`: `not value` → `True`"] == ([3, 2], ["  1", "  2"])
    assert results["`file.py` `module`: `LIMIT = 3` → `LIMIT = 4`"] == ([4, 3, 2], ["   1"])
    same = [name for name, result in results.items() if result == normal]
    assert same == [
        "`file.py` `chosen`: `values, *, least=0` → `values, *, least=1`",
        "`file.py` `chosen`: `any(found)` → `all(found)`",
    ]
