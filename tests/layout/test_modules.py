"""A Kamailio module says what it needs by attributes and methods: no code outside modules/ asks which one it is."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.base import KamailioModule
from kamailio_bridge.rows.types import Table
from tests.layout.imports import PACKAGES, ROOT, imports_of, room_of, sources

ROOM = "kamailio_bridge.modules"

# Where the names of modules stand besides: settings are read before models can be imported.
NAMES_OF_THE_SETTING = Path("dsiprouter/configuration/consistency.py")


def outside() -> list[Path]:
    files = [path for package in PACKAGES for path in sources(package)]
    others = [path for path in files if not path.is_relative_to(ROOT / "kamailio_bridge" / "modules")]
    assert len(others) > 200
    return others


def test_no_code_outside_imports_a_module() -> None:
    concrete = {type(module).__module__ for module in MODULES.values()}
    assert len(concrete) == len(MODULES)
    found = [f"{each.file}:{each.line} {each.imported}" for path in outside() for each in imports_of(path)]
    guilty = [each for each in found if any(f" {module}." in f"{each}." for module in concrete)]
    assert guilty == [], "give KamailioModule an attribute or a method for it"


def test_no_code_outside_takes_a_table_of_a_module() -> None:
    """Plans loop over the tables that modules have; who asks about one subject gets rows or answers from its file."""
    taken = [each for path in outside() for each in imports_of(path) if room_of(each.imported) == ROOM]
    assert len(taken) > 30
    parts = [each.imported.rpartition(".") for each in taken]
    tables = {f"{file}.{name}" for file, _, name in parts if isinstance(getattr(import_module(file), name), Table)}
    assert sorted(tables) == []


def test_no_code_outside_asks_for_a_module_by_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in outside()
        if path.relative_to(ROOT) != NAMES_OF_THE_SETTING
        for place in _questions(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == [], "give KamailioModule an attribute or a method for it"


def _questions(tree: ast.Module) -> list[str]:
    """Return where a module's name is compared or looked up, or an object is asked for its class."""
    found = []
    classes = {type(module).__name__ for module in MODULES.values()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            asked = [node.slice] if ast.unparse(node.value).endswith("MODULES") else []
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            asked = [arg for arg in node.args if ast.unparse(arg).rsplit(".")[-1] in classes]
            found += [f"{node.lineno}: {ast.unparse(node)}" for _ in asked]
            continue
        else:
            continue
        found += [
            f"{node.lineno}: {ast.unparse(node)}"
            for each in asked
            if isinstance(each, ast.Constant) and each.value in MODULES
        ]
    return found


@pytest.mark.parametrize(
    "code", ['"htable" in present', 'module.name == "uac"', 'MODULES["uac"]', "isinstance(module, HtableModule)"]
)
def test_a_question_is_found(code: str) -> None:
    assert _questions(ast.parse(code))


def test_modules_are_all_in_the_registry() -> None:
    assert {type(module) for module in MODULES.values()} >= {
        each for each in KamailioModule.__subclasses__() if each.__module__.startswith("kamailio_bridge.")
    }
