"""The files under ``deploy/`` with paths and ports of a test instead of a server's."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def adapted(source: Path, folder: Path, **places: str) -> Path:
    """Copy a file into ``folder`` with each text of ``places`` replaced; each must occur."""
    text = source.read_text(encoding="utf-8")
    for old, new in places.items():
        assert old in text, f"{source} does not name {old}"
        text = text.replace(old, new)
    target = folder / source.name
    target.write_text(text, encoding="utf-8")
    return target


def run(command: Sequence[str | Path], *, status: int | tuple[int, ...] = 0, **options: object) -> str:
    """Run a tool, check its exit status and return its output."""
    done = subprocess.run(  # noqa: PLW1510 - the status is looked at here
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode in (status if isinstance(status, tuple) else (status,)), done.stdout
    return str(done.stdout)
