"""Numbers in the texts of Kamailio's tables, which other programs may have written."""

from __future__ import annotations

MAX_DIGITS = 10  # of a number of 32 bits


def number_in(text: str) -> int | None:
    """Return the number that a text is; None if it is none, or has more than ``MAX_DIGITS`` digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None
