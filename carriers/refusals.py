"""The SIP answer of a route that refuses its calls: its code, and its reason or the usual phrase of the code."""

from __future__ import annotations

from carriers.models import RefuseCode


def reason_of(code: int, reason: str) -> str:
    """Return the reason phrase: the operator's own, or the usual one of the code."""
    return reason or (RefuseCode(code).label.partition(" ")[2] if code in RefuseCode else "Refused")


def refusal_in_words(code: int, reason: str) -> str:
    """Return ``403 Premium numbers are not allowed``."""
    return f"{code} {reason_of(code, reason)}"
