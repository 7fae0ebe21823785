"""Whether the keys that carriers' passwords are encrypted with can be used."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from carriers.passwords.encryption import keys_are_in_file, keys_problem


def check_password_keys(**_scope: Any) -> list[checks.CheckMessage]:
    """Report keys that can't be used. A file that is not there yet is made on first use, and not by a check."""
    if keys_are_in_file() and not settings.DSIPROUTER_CREDENTIAL_KEY_FILE.exists():
        return []
    problem = keys_problem()
    return [checks.Error(problem, id="carriers.E001")] if problem else []
