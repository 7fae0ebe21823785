"""The scripts of the pages: modules that share nothing by accident, and one way to ask the site."""

from __future__ import annotations

import re

from tests.layout.imports import ROOT

SCRIPTS = sorted((ROOT / "dsiprouter" / "static" / "dsiprouter").glob("*.js"))
PAGES = [*(ROOT / "templates").rglob("*.html"), ROOT / "kamailio_bridge" / "admin" / "carrier_pages.py"]
NAMED = re.compile(r"""<script src="{% static '([^']+\.js)' %}"([^>]*)>|Script\("([^"]+\.js)"([^)]*)\)""")


def test_every_script_of_a_page_is_a_module() -> None:
    found = [match.groups(default="") for page in PAGES for match in NAMED.finditer(page.read_text(encoding="utf-8"))]
    assert {tag_path or path for tag_path, _, path, _ in found} == {
        f"dsiprouter/{script.name}" for script in SCRIPTS if script.name != "ask.js"
    }
    assert [each for each in found if 'type="module"' not in each[1] + each[3]] == []


def test_scripts_ask_the_site_in_one_place() -> None:
    texts = {script.name: script.read_text(encoding="utf-8") for script in SCRIPTS}
    assert [name for name, text in texts.items() if "fetch(" in text] == ["ask.js"]
    # Both are only for scripts that are no modules: there is no current script, and strict mode is the only one.
    assert [name for name, text in texts.items() if "currentScript" in text or "use strict" in text] == []
    imports = re.compile(r'^import { .+ } from "\./ask\.js";$', re.MULTILINE)
    asked = {name for name, text in texts.items() if re.search(r"\bask(ForJson)?\(", text)} - {"ask.js"}
    assert {name for name, text in texts.items() if imports.search(text)} == asked
