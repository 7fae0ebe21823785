"""Rules about the code base as a whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
OUR_APPS = ("carriers", "kamailio_bridge", "dsiprouter")


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_carriers_know_nothing_of_kamailio() -> None:
    files = sorted((ROOT / "carriers").rglob("*.py"))
    assert files
    guilty = [path for path in files if any(name.startswith("kamailio_bridge") for name in imported_modules(path))]
    assert guilty == []


@pytest.mark.parametrize("app", ["carriers", "kamailio_bridge"])
def test_keys_are_integers_that_kamailio_can_read(app: str) -> None:
    keys = [model._meta.pk for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    assert keys
    assert [str(key) for key in keys if isinstance(key, models.BigAutoField | models.BigIntegerField)] == []


def test_every_variable_of_the_settings_is_in_the_example() -> None:
    source = (ROOT / "dsiprouter" / "settings.py").read_text(encoding="utf-8")
    variables = set(re.findall(r'(?:env\.\w+|database)\(\s*"([A-Z_]+)"', source))
    assert {"DSIPROUTER_HOME", "DATABASE_URL", "KAMAILIO_DATABASE_URL", "KAMAILIO_MODULES"} <= variables
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, flags=re.MULTILINE))
    assert sorted(variables - named) == []
