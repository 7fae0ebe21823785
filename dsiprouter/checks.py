"""Checks of file modes, which must close secrets to other users of the machine, and of names of settings."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

MAX_NAMED_FILES = 20  # in one report
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_file_modes(**_scope: Any) -> list[checks.CheckMessage]:
    """Report the home folder, its files, or a file ``.env`` that other users may read.

    Files in a closed folder are closed, whatever their own mode is.
    """
    home = Path(settings.DSIPROUTER_HOME)
    return [
        checks.Warning(
            f"Other users of this machine can read {path}, where secrets are.",
            hint=f"Close it: chmod {mode} {path}",
            id="dsiprouter.W001",
        )
        for path, mode in _open_paths(home, Path(settings.BASE_DIR) / ".env")
    ]


def check_names_of_settings(**_scope: Any) -> list[checks.CheckMessage]:
    """Report variables that look like settings but are none, such as names with a typing error."""
    hint = "Correct the name, or remove it. .env.example has all settings."
    return [checks.Warning(text, hint=hint, id="dsiprouter.W003") for text in settings.DSIPROUTER_UNKNOWN_SETTINGS]


def _open_paths(home: Path, env_file: Path) -> Iterable[tuple[Path, str]]:
    if _mode(home) & OTHERS:
        yield home, "700"
        open_files = [path for path in home.rglob("*") if path.is_file() and _mode(path) & OTHERS]
        yield from ((path, "600") for path in sorted(open_files)[:MAX_NAMED_FILES])
    if _mode(env_file) & OTHERS:
        yield env_file, "600"


def _mode(path: Path) -> int:
    """Return the mode of a path, 0 if it does not exist."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
