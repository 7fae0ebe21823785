"""Whether files with secrets are closed to other users of the machine, and whether all settings have names of ours."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

MOST_FILES = 20  # that are named, of very many
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_file_modes(**_scope: Any) -> list[checks.CheckMessage]:
    """Report the home folder with the files in it, or a file ``.env`` that others may read.

    What lies in a closed folder is closed, whatever its own mode says.
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
    """Report variables that look like settings and are none: a name with a slip in it sets nothing."""
    hint = "Correct the name, or remove it. .env.example has all settings."
    return [checks.Warning(text, hint=hint, id="dsiprouter.W003") for text in settings.DSIPROUTER_UNKNOWN_SETTINGS]


def _open_paths(home: Path, env_file: Path) -> Iterable[tuple[Path, str]]:
    if _mode(home) & OTHERS:
        yield home, "700"
        open_files = [path for path in home.rglob("*") if path.is_file() and _mode(path) & OTHERS]
        yield from ((path, "600") for path in sorted(open_files)[:MOST_FILES])
    if _mode(env_file) & OTHERS:
        yield env_file, "600"


def _mode(path: Path) -> int:
    """Return the mode, and for what is not there that nobody may anything."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return 0
