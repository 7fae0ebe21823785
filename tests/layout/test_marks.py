"""Marks and columns have names: each mark is written once, and no row is read by the position of a column."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.layout.imports import ROOT, sources

# Where marks are written: the marks themselves, the attributes of a destination, and the entries of the prefix tree.
HOMES = frozenset({"marks.py", "attrs.py", "tree_entries.py"})
MARK = re.compile(
    r"carrier-$|carrier-group:|\bpbx[-:]$|\b(inbound-)?route:$|dsiprouter:|\b(gwid|strip|prefix|uac|rweight|pbx)=$"
)
KEY = 0  # the primary key is the first column of every table


def marks_in(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a file that have a mark in them, docstrings left out."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        if is_text and MARK.search(node.value):
            yield f"{node.lineno}: {node.value!r}"


def positions_in(tree: ast.Module) -> Iterator[str]:
    """Yield where a column of a row is taken by its number, or all columns by their order."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _is_row(node.value):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and node.slice.value != KEY:
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and _is_row(node.value):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _is_row(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name == "values"


def product_files() -> list[Path]:
    files = list(sources("kamailio_bridge"))
    assert len(files) > 100
    return files


def test_each_mark_is_written_once() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{mark}"
        for path in product_files()
        if path.parent.name != "rows" or path.name not in HOMES
        for mark in marks_in(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == [], "use the marks of kamailio_bridge/rows/marks.py"


def test_columns_are_read_by_name() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in product_files()}
    readers = {path: text for path, text in texts.items() if "kamailio_bridge.rows.types import" in text}
    assert len(readers) > 20
    found = [
        f"{path.relative_to(ROOT)}:{place}" for path, text in readers.items() for place in positions_in(ast.parse(text))
    ]
    assert found == [], "give the column a name with Table.at"


@pytest.mark.parametrize(
    "code",
    ['f"carrier-{pk}"', 'Q(description__startswith="carrier-group:")', 'key = "dsiprouter:set:5"', 'f";uac={key}"'],
)
def test_a_mark_is_found(code: str) -> None:
    assert list(marks_in(ast.parse(code)))


@pytest.mark.parametrize("code", ["row.values[4]", "values[1]", "_, grp, ip_addr = row.values"])
def test_a_position_is_found(code: str) -> None:
    assert list(positions_in(ast.parse(code)))
    assert not list(positions_in(ast.parse("row.values[MASK], values[0], values[1:]")))
