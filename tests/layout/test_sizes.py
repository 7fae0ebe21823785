"""No long file, no crowded folder, and no name that means two things."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from tests.deploy.places import run
from tests.layout.imports import PACKAGES, ROOT, dotted_name, sources

LONGEST_FILE = 350  # lines
MOST_FILES = 14  # in a folder, besides siblings of one kind
# Layers that show the same thing in their own way: a page of routes, a form of routes and the models of routes.
LAYERS = frozenset({"admin", "commands", "forms", "management", "models", "views"})
# Names that Django gives a meaning.
DJANGO_NAMES = frozenset({"__init__", "admin", "apps", "checks", "models", "urls", "labels"})


def files_of_ours() -> list[Path]:
    """Return the files that git knows, or would if they were added."""
    listed = run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"])
    files = [ROOT / line for line in listed.splitlines()]
    assert len(files) > 500
    return [file for file in files if file.exists()]


def test_no_file_is_long() -> None:
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in files_of_ours()
        if file.suffix in (".py", ".cfg", ".js", ".html")
    }
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE} == {}


def is_sibling(file: Path) -> bool:
    """Say whether a file is one of many of one kind, such as tests, migrations or parts of Kamailio's configuration."""
    return (
        file.name.startswith("test_")
        or file.parent.name in ("migrations", "commands", "docs", "screenshots", "sip")
        or (file.suffix == ".cfg" and file.parent.name == "kamailio")
        or (file.suffix == ".yaml" and file.parent.name == "providers")
        or file.parent == ROOT
    )


def test_no_folder_is_crowded() -> None:
    crowds = Counter(file.parent for file in files_of_ours() if not is_sibling(file) and file.name != "__init__.py")
    assert {str(folder.relative_to(ROOT)): count for folder, count in crowds.items() if count > MOST_FILES} == {}


def test_no_name_means_two_things() -> None:
    """Modules of one name are in different layers of the same thing; anything else needs a name of its own."""
    places = defaultdict(list)
    for package in PACKAGES:
        for path in sources(package):
            if path.stem not in DJANGO_NAMES and not LAYERS.intersection(path.parts):
                places[path.stem].append(dotted_name(path))
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}
