"""Rules about the code base as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models

from kamailio_bridge.urls import admin_urls
from tests.deploy.places import run
from tests.layout.anchors import anchors

ROOT = Path(__file__).resolve().parents[2]


def test_the_top_level_is_as_people_expect_it() -> None:
    listed = run(["git", "-C", ROOT, "ls-files"])
    top = {line.partition("/")[0] for line in listed.splitlines()}
    packages = {"carriers", "dsiprouter", "kamailio_bridge", "templates", "tests"}
    files = {"manage.py", "requirements.txt", "README.md", "CHANGELOG.md", "Makefile", "pyproject.toml"}
    files |= {f"requirements{kind}.{ending}" for kind in ("", "-build", "-dev", "-audit") for ending in ("in", "txt")}
    files |= {".dockerignore", ".env.example", ".gitignore"}
    assert top == packages | files | {".ci", "deploy", "docs"}


def test_carriers_know_nothing_of_the_bridge() -> None:
    """What the bridge adds, it adds by hooks (carriers.admin.hooks). Reasons in the code may name Kamailio itself."""
    folders = [ROOT / "templates" / "admin" / app for app in ("carriers", "history")]
    templates = [path for folder in folders for path in folder.rglob("*.html")]
    files = dict.fromkeys((ROOT / "carriers").rglob("*.py"), "kamailio_bridge") | dict.fromkeys(templates, "kamailio")
    assert len(templates) > 5
    assert [path for path, word in files.items() if word in path.read_text(encoding="utf-8").lower()] == []
    pages = {pattern.name for pattern in admin_urls(admin.site)}
    assert "waiting_changes" in pages
    named = {name for path in files for name in re.findall(r"admin:(\w+)", path.read_text(encoding="utf-8"))}
    assert named & pages == set()


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


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
    dead = []
    for document in documents:
        for link in re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", document.read_text(encoding="utf-8")):
            path, anchor = document.parent / link[0] if link[0] else document, link[1]
            if link[0].startswith("http"):
                continue
            if not path.exists() or (anchor and anchor not in anchors(path)):
                dead.append(f"{document.name}: {''.join(link)}")
    assert dead == []


def test_every_command_of_ours_is_in_the_readme() -> None:
    commands = {path.stem for path in ROOT.glob("*/management/commands/[!_]*.py")}
    assert {"runlocal", "load_carriers", "reload_kamailio"} <= commands
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted(command for command in commands if f"| `manage.py {command}" not in readme) == []


def test_every_picture_is_shown_and_small() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = sorted((ROOT / "docs" / "screenshots").glob("*.png"))
    assert pictures
    assert [picture.name for picture in pictures if f"(docs/screenshots/{picture.name})" not in readme] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []
