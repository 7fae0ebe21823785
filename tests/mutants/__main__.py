"""Mutate a sample of the code and see whether tests notice: ``python -m tests.mutants [--size N] [--seed N]``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.candidates import mutants_of
from tests.mutants.hunt import Hunt
from tests.mutants.report import conclude, listed_survivors, show
from tests.mutants.sample import sample
from tests.mutants.server import Copy, record
from tests.mutants.targets import TARGETS, target_files
from tests.mutants.tree import copy_tree, put_switches

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = _options()
    started = time.monotonic()
    found = mutants_of(ROOT, target_files(ROOT, tuple(options.files) or TARGETS))
    candidates = {path: mutants for path, (_, mutants) in found.items()}
    chosen = dict(enumerate(sample(candidates, options.size, options.seed), start=1))
    print(
        f"{len(chosen)} of {sum(map(len, candidates.values()))} mutants of {len(found)} files, seed {options.seed},"
        f" {options.workers} workers, at most {options.limit:.0f} s",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Copy(Path(folder) / "tree", Path(folder), options.seed)
        copy_tree(ROOT, copy.tree)
        files = put_switches(copy.tree, found, chosen)
        try:
            recorded = record(copy, workers=options.workers, limit=options.limit)
        except subprocess.TimeoutExpired:
            sys.exit(f"Not even the run without mutants ended within {options.limit:.0f} s: raise LIMIT.")
        print(f"{len(recorded.seconds)} tests without mutants: {time.monotonic() - started:.0f} s", flush=True)
        for test in recorded.failed:
            print(f"fails without a mutant, so it kills none: {test}")
        hunt = Hunt(
            copy=copy,
            mutants=chosen,
            files=files,
            recorded=recorded,
            deadline=started + options.limit,
            report=show,
        )
        hunt.run(options.workers)
    status = conclude(hunt, listed_survivors(ROOT / "docs" / "testing.md"))
    print(f"{time.monotonic() - started:.0f} s, {_cpu_seconds():.0f} s of CPU")
    return status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mutate a sample of the code.", prog="python -m tests.mutants")
    parser.add_argument("files", nargs="*", metavar="FILE", help="files or globs instead of all targets")
    parser.add_argument("--size", type=int, default=120, help="how many mutants (120)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--limit", type=float, default=600, help="seconds for all of it (600)")
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1), help="how many tests at once")
    return parser.parse_args()


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Interrupted."))  # and end what was started
    sys.exit(main())
