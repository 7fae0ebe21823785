"""Citations of docs/kamailio-facts.md: they have one form, and each leads to a section that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.deploy.places import ROOT, run
from tests.layout.anchors import anchors

FACTS = ROOT / "docs" / "kamailio-facts.md"
MENTION = re.compile(r"(docs/)?kamailio-facts(?:\.md)?(#[\w-]+)?")
SECTION_NUMBER = re.compile(r"\bfacts\b[^\n.]{0,20},[\s#*/]+sections?\b", re.IGNORECASE)


def texts() -> Iterator[tuple[Path, str]]:
    """Yield the files of the repository that are texts, except this one, which has to name what it looks for."""
    for name in run(["git", "-C", ROOT, "ls-files"]).splitlines():
        path = ROOT / name
        if path.suffix != ".png" and path != Path(__file__) and path.is_file():
            yield path, path.read_text(encoding="utf-8")


def test_every_citation_leads_to_a_section() -> None:
    sections = anchors(FACTS)
    cited, wrong = set(), []
    for path, text in texts():
        for mention in MENTION.finditer(text):
            folder, anchor = mention.groups()
            # Documents may link to the whole of it, from their own folder; code names a section.
            complete = path.suffix == ".md" or (folder and anchor)
            if complete and (anchor is None or anchor in sections):
                cited.add(anchor)
            else:
                wrong.append(f"{path.relative_to(ROOT)}: {mention[0]}")
    assert wrong == [], "cite a section as docs/kamailio-facts.md#its-heading-in-small-letters"
    assert len(cited) > 10


def test_no_citation_gives_the_number_of_a_section() -> None:
    assert SECTION_NUMBER.search("as measured (facts, section 4)")
    assert SECTION_NUMBER.search("# (Kamailio facts,\n# sections 3 and 13)")
    assert [str(path.relative_to(ROOT)) for path, text in texts() if SECTION_NUMBER.search(text)] == []


def test_the_contents_name_every_section_in_order() -> None:
    text = FACTS.read_text(encoding="utf-8")
    headings = [heading for heading in re.findall(r"^##+ (.*)$", text, flags=re.MULTILINE) if heading != "Contents"]
    contents = text.partition("\n## Contents\n")[2].partition("\n## ")[0]
    links = re.findall(r"\[([^\]]+)\]\((#[\w-]+)\)", contents)
    assert [name for name, _ in links] == headings
    assert {anchor for _, anchor in links} == anchors(FACTS) - {"#contents", "#what-kamailio-really-does"}
    assert len(set(headings)) == len(headings), "of two equal headings only the first could be cited"
