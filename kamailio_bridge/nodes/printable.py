"""What strangers say over SIP, made fit to be shown: a carrier's reason or realm may hold anything, at any length."""

from __future__ import annotations

LONGEST = 120  # characters; reasons are a few words, and a realm has 64 at most


def fit_to_show(text: str) -> str:
    """Return the text without control characters, which a terminal would obey, and cut where it is too long."""
    printable = "".join(character if character.isprintable() else "·" for character in text)
    return printable if len(printable) <= LONGEST else f"{printable[:LONGEST]}…"
