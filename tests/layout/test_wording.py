"""Phrases that no native technical writer uses, and words for which this product has others."""

from __future__ import annotations

import re

import pytest

from tests.layout.test_sizes import files_of_ours

READ = {".py", ".cfg", ".md", ".html", ".js", ".css", ".txt", ".service", ".timer"}
BANNED = {
    r"\banew\b": "again, or re- as in re-encrypt",
    r"\bof (then|today)\b": "earlier, at that time, current",
    r"\bSo it is\b": "That is the case when",
    r"behind our back": "outside this product",
    r"\bcan no other\b": "supports no other",
    r"\b([Hh]e|[Hh]is|[Hh]im|[Ss]he|[Hh]ers?)\b(?! TTP)": "no pronoun for code or a caller",
    r"\bat hand\b": "available, known",
    r"\bgo(es)? on waiting\b": "stays pending",
}


@pytest.mark.parametrize("phrase", BANNED)
def test_no_phrase_that_nobody_writes(phrase: str) -> None:
    found = [
        f"{file.name}:{number}: {line.strip()}"
        for file in files_of_ours()
        if file.suffix in READ and file.name not in ("test_wording.py", "development.md", "0001_initial.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(phrase, line)
    ]
    assert found == [], f"write: {BANNED[phrase]}"
