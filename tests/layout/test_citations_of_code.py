"""Names of code in the documents exist: files, functions, classes and routes of Kamailio's configuration."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.layout.imports import ROOT

DOCUMENTS = ("architecture.md", "development.md")
FILE = re.compile(r"`((?:carriers|kamailio_bridge|dsiprouter|tests|templates)/[\w./]*\w\.(?:py|cfg|html))(?::(\w+))?`")
ROUTE = re.compile(r"`((?:failure_|branch_)?route\[\w+\])`")


def names_of(path: Path) -> set[str]:
    """Return the names that a module defines at its top."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_cited_code_is_there(document: str) -> None:
    cited = FILE.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))
    assert len(cited) > 5
    missing = [file for file, _ in cited if not (ROOT / file).exists()]
    assert missing == []
    assert [f"{file}:{name}" for file, name in cited if name and name not in names_of(ROOT / file)] == []


def test_cited_routes_are_there() -> None:
    configuration = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "kamailio_bridge" / "kamailio").glob("*.cfg")
    )
    cited = {route for name in DOCUMENTS for route in ROUTE.findall((ROOT / "docs" / name).read_text(encoding="utf-8"))}
    assert cited
    assert [route for route in cited if f"\n{route} {{" not in configuration] == []


def test_every_part_of_the_sip_side_is_in_the_table() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    parts = [path.name for path in (ROOT / "kamailio_bridge" / "kamailio").glob("*.cfg")]
    assert len(parts) > 10
    assert [part for part in parts if part != "kamailio.cfg" and f"`{part}`" not in text] == []
