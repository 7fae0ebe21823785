"""What Django does not document is used in carriers/django_internals.py and nowhere else."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

from django.contrib.admin import ModelAdmin

from tests.layout.imports import PACKAGES, ROOT, dotted_name, imports_of, sources

INTERNALS = ROOT / "carriers" / "django_internals.py"
DOCUMENTED = {"_meta", "_default_manager", "_base_manager", "_db"}
NAMED_TUPLE = {"_asdict", "_field_defaults", "_fields", "_make", "_replace"}
UNDOCUMENTED = {"django.db.models.deletion.Collector"}
REPLACED = {"POST", "GET", "META", "_messages"}  # of a request


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names_of(tree: ast.Module) -> set[str]:
    """Return the private names that a file defines: functions, variables, and attributes of its own classes."""
    own = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                own.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                own.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                own.add(name)
    return own


def foreign_private_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield the private attributes in a source that it does not define itself, each with its line."""
    tree = ast.parse(source)
    known = private_names_of(tree) | DOCUMENTED | NAMED_TUPLE
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in known:
            yield node.lineno, node.attr


def replaced_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield the assignments to what Django keeps in a request."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in REPLACED:
            yield node.lineno, node.attr


def overridden_names(found: type) -> Iterator[str]:
    """Yield the private names of Django's classes that a class defines again."""
    for base in found.__mro__[1:]:
        own = set(vars(found)) & set(vars(base)) if base.__module__.startswith("django.") else set()
        yield from (f"{found.__module__}.{found.__name__}.{name}" for name in own - DOCUMENTED if is_private(name))


def files() -> list[Path]:
    return [path for package in PACKAGES for path in sources(package) if path != INTERNALS]


def test_no_other_file_uses_private_names_of_django() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in files()
        for look in (foreign_private_names, replaced_names)
        for line, name in look(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_no_class_of_ours_overrides_private_names_of_django() -> None:
    ours = [
        found
        for path in files()
        for _, found in inspect.getmembers(importlib.import_module(dotted_name(path)), inspect.isclass)
        if found.__module__ == dotted_name(path) and not issubclass(found, enum.Enum)
    ]
    assert len(ours) > 200
    assert {name for found in ours for name in overridden_names(found)} == set()


def test_no_other_file_imports_what_is_undocumented() -> None:
    imports = [found for path in files() for found in imports_of(path)]
    assert [found for found in imports if found.imported in UNDOCUMENTED] == []


def test_what_these_tests_find() -> None:
    source = "class A:\n    def _own(self):\n        self._x = found._raw_delete(self._own, self._x, self._pk_field)\n"
    assert sorted(foreign_private_names(source)) == [(3, "_pk_field"), (3, "_raw_delete")]
    example = type("Example", (ModelAdmin,), {"_changeform_view": None, "get_form": None, "__module__": "here"})
    assert list(overridden_names(example)) == ["here.Example._changeform_view"]
    assert list(replaced_names("request.POST = data\nprint(request.GET)")) == [(1, "POST")]
    assert len(list(foreign_private_names(INTERNALS.read_text(encoding="utf-8")))) >= 4
