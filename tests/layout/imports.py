"""Who imports whom, read from the source without importing it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("carriers", "kamailio_bridge", "dsiprouter")


class Import(NamedTuple):
    """One import: the file with it, its line, and the dotted name of what is imported."""

    file: str
    line: int
    importer: str
    imported: str


def sources(package: str) -> list[Path]:
    """Return the Python files of a package without its migrations, which name what was there when they were written."""
    found = sorted(path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)
    assert found, package
    return found


def dotted_name(path: Path) -> str:
    """Return the name that a file is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[Import]:
    """Yield the imports of a file, those inside functions included."""
    file, importer = str(path.relative_to(ROOT)), dotted_name(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, importer, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(file, node.lineno, importer, f"{node.module}.{alias.name}")


def room_of(name: str) -> str:
    """Return the room of a dotted name: its first two parts."""
    return ".".join(name.split(".")[:2])
