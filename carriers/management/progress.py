"""Progress bars of long work, on a terminal only: not in scripts and log files."""

from __future__ import annotations

import sys

from tqdm import tqdm


def progress_bar(*, total: int, unit: str) -> tqdm:
    """Return a bar on standard error; its ``update`` takes the increment."""
    return tqdm(total=total, unit=f" {unit}", file=sys.stderr, disable=not sys.stderr.isatty())
