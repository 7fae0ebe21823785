"""Which fields of which models must never be shown: in the history, in a preview, in a plan or on a page."""

from __future__ import annotations

from typing import Any

from django.db import models

HIDDEN = "(secret)"

_secret: set[tuple[type[models.Model], str]] = set()


def hide(model: type[models.Model], *fields: str) -> None:
    """Never show the values of these fields, only that they changed."""
    _secret.update((model, field) for field in fields)


def is_secret(model: type[models.Model] | None, field: str) -> bool:
    """Say whether the values of a field must not be shown."""
    return (model, field) in _secret


def masked(model: type[models.Model], field: str, value: Any) -> Any:
    """Return the value, or of a secret only that there is one."""
    return HIDDEN if value and is_secret(model, field) else value
