"""When two names are one: people take “Acme” for “ACME”, and so do we."""

from __future__ import annotations


def name_key(name: str) -> str:
    """Return what two names must differ in."""
    return name.strip().lower()
