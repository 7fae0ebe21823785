"""Run the benchmarks and print a table for each: ``python -m tests.bench [--json FILE] [PART ...]``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.figures import Row, table
from tests.mariadb import MariaDB, private_mariadb

PARTS = ("pages", "web", "load", "apply", "calls", "memory")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the product.", prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which parts: {', '.join(PARTS)} (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures into this file too")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"There is no part {', '.join(sorted(unknown))}. Parts: {', '.join(PARTS)}.")
    parts = options.parts or PARTS
    print(f"{machine()}\n")
    found: dict[str, Any] = {"machine": machine()}
    for name in parts:
        module = importlib.import_module(f"tests.bench.{name}")
        rows: list[Row] = []
        for size in module.SIZES:
            rows += measured(name, size)
        found[name] = rows
        print(f"## {module.TITLE}\n\n{table(rows)}\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(part: str, size: int) -> list[Row]:
    """Run one part at one size in a process of its own, because Django's settings are fixed once for a process."""
    with private_mariadb() as server, tempfile.TemporaryDirectory(prefix="dsiprouter-bench-") as home:
        done = subprocess.run(
            [sys.executable, "-m", f"tests.bench.{part}", str(size)],
            env=environment(server, home),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        sys.exit(f"The part {part} failed at size {size}.")
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def environment(server: MariaDB, home: str) -> dict[str, str]:
    """Return the environment of an instance on that server, without what the caller's own instance has set."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DSIPROUTER_", "KAMAILIO_"))}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
        "DSIPROUTER_HOME": home,
        "DATABASE_URL": server.url("dsiprouter"),
        "KAMAILIO_DATABASE_URL": server.url("kamailio"),
        "DSIPROUTER_LOG_LEVEL": "ERROR",
    }


def machine() -> str:
    """Say what this was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
