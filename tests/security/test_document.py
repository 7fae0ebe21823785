"""docs/security.md names tests: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there() -> None:
    files = {path.relative_to(ROOT / "tests").as_posix(): path for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", TEXT))
    assert "security/test_login.py" in named
    assert [name for name in named if not any(file.endswith(name) for file in files)] == []
    functions = set(re.findall(r"`(test_\w+)`", TEXT))
    defined = {
        name
        for path in files.values()
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(functions) > 4
    assert sorted(functions - defined) == []
