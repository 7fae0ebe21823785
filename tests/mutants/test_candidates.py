"""What is mutated in a piece of code, and by which name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.candidates import Mutant, mutants_of


def mutants(tmp_path: Path, source: str) -> list[Mutant]:
    (tmp_path / "code").mkdir(exist_ok=True)
    (tmp_path / "code" / "file.py").write_text(source, encoding="utf-8")
    return mutants_of(tmp_path, ["code/file.py"])["code/file.py"][1]


def changes(tmp_path: Path, source: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for mutant in mutants(tmp_path, source):
        found.setdefault(mutant.before, []).append(mutant.after)
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a == b", ["a != b"]),
        ("a < b", ["a <= b", "a >= b"]),
        ("a not in b", ["a in b"]),
        ("a is None", ["a is not None"]),
        ("a and b", ["a or b", "b", "a"]),
        ("a or b or c", ["a and b and c", "b or c", "a or c", "a or b"]),
        ("not a", ["a"]),
        ("a - b", ["a"]),
        ("a + 1", ["a", "a - 1", "a + 2"]),
        ("any(a)", ["all(a)"]),
        ("sorted(a, key=b)", ["list(a)", "sorted(a)"]),
        ("max(a)", ["min(a)"]),
        ("a.strip()", ["a"]),
        ("rows.filter(pk=b)", ["rows", "rows.filter()"]),
        ("{a, b}", ["{b}", "{a}"]),
        ("a[-1]", ["a[1]", "a[-2]"]),
        ("a(True)", ["a(False)"]),
        ("a('token')", ["a('mutant')"]),
    ],
)
def test_expressions(tmp_path: Path, before: str, after: list[str]) -> None:
    assert changes(tmp_path, f"x = {before}")[before] == after


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("count += step", "count += step", "pass"),
        ("tell(it)", "tell(it)", "pass"),
        ("it.name = name", "it.name = name", "pass"),
        ("raise it", "raise it", "pass"),
        ("def f():\n    return it", "return it", "return None"),
        ("for a in b:\n    continue", "continue", "pass"),
        ("if a and b:\n    c", "a and b", "not (a and b)"),
        ("x = [a for a in b if c(a)]", "c(a)", "True"),
        ("x = [a for a in b if a == c]", "a == c", "a != c"),
    ],
)
def test_statements_and_conditions(tmp_path: Path, source: str, before: str, after: str) -> None:
    assert after in changes(tmp_path, source)[before]


@pytest.mark.parametrize(
    "source",
    [
        '"""docstring"""',
        "def f(a: int = None) -> dict[str, 1]:\n    'docstring'",
        "x = 'a sentence for people'",
        "x = f'text{a}'",
        "T = TypeVar('T')",
        "A = Literal['a', 'b']",
        "x = zip(a, b, strict=True)",
        "@decorated(1)\nclass C(D[2]):\n    pass",
        "def f():\n    return None",
        "def f(*, key): pass\nf(key=a)",
        "class C:\n    key: int\nx = C(key=a)",
    ],
)
def test_what_no_test_could_tell_is_left_alone(tmp_path: Path, source: str) -> None:
    # Removed calls of our own functions are mutants, so only what is inside of them is of interest here.
    assert [mutant for mutant in mutants(tmp_path, source) if mutant.kind != "statement removed"] == []


def test_a_name_says_where_and_survives_lines_above(tmp_path: Path) -> None:
    source = "class C:\n    def f(self):\n        if a == b:\n            g()\n        return h(a == b)\n"
    first = mutants(tmp_path, source)
    moved = mutants(tmp_path, f"import something\n\n\n{source}")
    assert [mutant.name for mutant in first] == [mutant.name for mutant in moved]
    assert first != []
    assert [mutant.line + 3 for mutant in first] == [mutant.line for mutant in moved]
    names = [mutant.name for mutant in first]
    assert names[0] == "`code/file.py` `C.f`: `a == b` → `a != b`"
    assert "`code/file.py` `C.f`: `a == b` → `a != b # 2`" in names
    assert len(set(names)) == len(names)


def test_the_difference_is_shown_in_the_lines_of_the_source(tmp_path: Path) -> None:
    (mutant,) = [each for each in mutants(tmp_path, "x = (\n    a ==  # why\n    b\n)") if each.kind == "comparison"]
    assert mutant.diff == "-    a ==  # why\n-    b\n+    a != b"


def test_in_a_long_call_only_the_argument_is_named(tmp_path: Path) -> None:
    long = ", ".join(f"argument_{number}" for number in range(10))
    assert changes(tmp_path, f"x = add({long}, 7)")["add(… 7 …)"] == ["add(… 8 …)"]
