"""The progress of long work, on a terminal only: scripts and log files get nothing of it."""

from __future__ import annotations

import sys

from tqdm import tqdm


def progress_bar(*, total: int, unit: str) -> tqdm:
    """Return a bar on standard error; its ``update`` takes what was done since the last time."""
    return tqdm(total=total, unit=f" {unit}", file=sys.stderr, disable=not sys.stderr.isatty())
