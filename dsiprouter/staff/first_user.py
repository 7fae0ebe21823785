"""The first user, whom ``runlocal`` creates, and the password for it in the settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core import checks
from django.core.exceptions import ValidationError

FIRST_USER = "admin"


def first_password_problem() -> str:
    """Return in a sentence why ``DSIPROUTER_ADMIN_PASSWORD`` is too weak; "" if it is strong or not set.

    The rules are those for all users. The sentence does not quote the password.
    """
    password = settings.DSIPROUTER_ADMIN_PASSWORD
    if not password:
        return ""
    try:
        validate_password(password, get_user_model()(username=FIRST_USER))
    except ValidationError as refusal:
        return f"DSIPROUTER_ADMIN_PASSWORD is too weak: {' '.join(refusal.messages)}"
    return ""


def check_first_password(**_scope: Any) -> list[checks.CheckMessage]:
    """Warn of a weak password: it stops the first start of ``runlocal``, and is unused once there is a superuser."""
    problem = first_password_problem()
    hint = "Choose another, or leave it out: then runlocal makes one and shows it."
    return [checks.Warning(problem, hint=hint, id="dsiprouter.W002")] if problem else []
