"""The environment of a site in production, and commands in it."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def production_environment(home: Path) -> dict[str, str]:
    """Return all variables that docs/deploy.md requires. The databases need not exist."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DSIPROUTER_", "KAMAILIO_"))}
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "dsiprouter.settings",
        "DSIPROUTER_PRODUCTION": "true",
        "DSIPROUTER_HOME": str(home),
        "DSIPROUTER_SECRET_KEY": base64.b64encode(os.urandom(48)).decode("ascii"),
        "DSIPROUTER_RPC_TOKEN": secrets.token_hex(32),
        "DSIPROUTER_CREDENTIAL_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode("ascii"),
        "DSIPROUTER_ALLOWED_HOSTS": "sip.example.com",
        "DATABASE_URL": "mysql://web:hidden-word@127.0.0.1:3306/dsiprouter",
        "KAMAILIO_DATABASE_URL": "mysql://web:hidden-word@127.0.0.1:3306/kamailio",
    }


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the product until it ends."""
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
