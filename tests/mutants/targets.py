"""What is mutated, and which tests may kill a mutant."""

from __future__ import annotations

from pathlib import Path

TARGETS = (
    "kamailio_bridge/plan/make.py",
    "kamailio_bridge/plan/rules.py",
    "kamailio_bridge/apply/jobs.py",
    "kamailio_bridge/apply/operations.py",
    "kamailio_bridge/questions/route_prediction.py",
    "kamailio_bridge/modules/**/*.py",
    "carriers/services.py",
    "carriers/snapshots/restore.py",
    "carriers/documents/load.py",
    "carriers/documents/loading/loader.py",
)
TEST_FOLDERS = ("tests/kamailio_bridge", "tests/carriers")  # the packages' own tests, not those of the pages
# Calls, browsers and further databases take longer than a mutant may cost.
MARKERS = "not (e2e or browser or own_database)"


class NothingToMutate(Exception):
    """A target names no file. ``str()`` is a sentence for the developer."""


def target_files(root: Path, targets: tuple[str, ...] = TARGETS) -> list[str]:
    """Return the paths of all targets below ``root``. Raises ``NothingToMutate`` if one of them names no file."""
    paths: list[str] = []
    for target in targets:
        found = sorted(str(path.relative_to(root)) for path in root.glob(target) if path.suffix == ".py")
        if not found:
            raise NothingToMutate(f"tests/mutants/targets.py: {target} names no file.")
        paths += [path for path in found if path not in paths]
    return paths


def mirrored_tests(path: str) -> list[str]:
    """Return what the paths of a file's own tests start with: plan/make.py is tested by plan/test_make*.py."""
    source = Path(path)
    return [str(Path("tests", *source.parts[:-1], f"test_{name}")) for name in {source.stem, source.parent.name}]
