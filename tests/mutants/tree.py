"""A private copy of the tree with switches in it. The work tree itself is never written to."""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path

from tests.deploy.places import run
from tests.mutants import switch
from tests.mutants.candidates import Mutant
from tests.mutants.instrument import FILE_NUMBERS, instrumented

WARM_UP = "tests/mutants/warm_up.py::test_the_databases_are_there"


def copy_tree(root: Path, target: Path) -> None:
    """Copy all files that git does not ignore, as they are now."""
    listed = run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def put_switches(
    tree: Path, found: dict[str, tuple[ast.Module, list[Mutant]]], chosen: dict[int, Mutant]
) -> dict[str, int]:
    """Write the chosen mutants, by number, into the copied files. Return the number of each file's own switch."""
    shutil.copy(Path(switch.__file__), tree / "mutant_switch.py")
    files = {}
    for index, path in enumerate(sorted({mutant.path for mutant in chosen.values()})):
        files[path] = FILE_NUMBERS + index
        own = {number: mutant for number, mutant in chosen.items() if mutant.path == path}
        (tree / path).write_text(instrumented(found[path][0], own, files[path]), encoding="utf-8")
    return files


def environment(scratch: Path) -> dict[str, str]:
    """Return the environment of tests in the copy, without what the caller's own instance has set.

    The order of sets is fixed, or a mutant that leaves out a ``sorted`` would survive now and then.
    """
    ours = ("DSIPROUTER_", "KAMAILIO_", "DATABASE_URL", "MUTANT_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**inherited, "TMPDIR": str(scratch), "PYTHONHASHSEED": "0"}
