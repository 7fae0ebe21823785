"""docs/deploy.md as a document: its commands parse, what it names is there, and everything under deploy/ is named."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.management import get_commands

from tests.deploy.places import DEPLOY, ROOT, run

TEXT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh(?: one| restore| upgrade)?\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_every_block_of_commands_parses(tmp_path: Path) -> None:
    assert len(BLOCKS) > 10
    for block in BLOCKS:
        script = tmp_path / "block"
        script.write_text(block, encoding="utf-8")
        assert run(["bash", "-n", script]) == ""


def test_commands_and_files_are_there() -> None:
    commands = set(re.findall(r"dsiprouter-manage (\w+)", "".join(BLOCKS)))
    assert {"migrate", "create_roles", "reload_kamailio"} <= commands <= set(get_commands())
    paths = set(re.findall(r"/opt/dsiprouter/(deploy[\w./-]*)", TEXT)) | set(
        re.findall(r"`((?:deploy|tests)/[\w./-]+)", TEXT)
    )
    assert "deploy/sql/users.sql" in paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_variables_are_those_of_the_settings() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^ *((?:DSIPROUTER|KAMAILIO|DATABASE)_[A-Z_]+)=", TEXT, flags=re.MULTILINE))
    assert len(named) > 8
    assert [name for name in named - {"KAMAILIO_PASSWORD"} if name not in example] == []


def test_every_unit_is_named() -> None:
    timers = {path.name for path in (DEPLOY / "systemd").glob("*.timer")}
    started = set(re.findall(r"dsiprouter-\w+(?:\.timer)?", "".join(BLOCKS)))
    assert timers | {"dsiprouter-web", "dsiprouter-kamailio"} <= started


def test_scripts_are_sound() -> None:
    first_lines = {
        path: path.read_text(encoding="utf-8").partition("\n")[0]
        for path in DEPLOY.rglob("*")
        if path.is_file() and path.suffix != ".pyc"  # gunicorn compiles its settings
    }
    scripts = [path for path, line in first_lines.items() if re.fullmatch(r"#!.*\b(ba)?sh", line)]
    assert {path.name for path in scripts} == {
        "backup",
        "restore",
        "dsiprouter-manage",
        "users.sh",
        "write-tls-profiles",
    }
    assert run(["shellcheck", "--severity=warning", *scripts, ROOT / "tests" / "deploy" / "follow"]) == ""
