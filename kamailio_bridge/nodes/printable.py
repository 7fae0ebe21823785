"""Printable text from SIP messages: a carrier's reason or realm may hold any characters, at any length."""

from __future__ import annotations

LONGEST = 120  # characters; reasons are a few words, and a realm has 64 at most


def make_printable(text: str) -> str:
    """Return the text without control characters, which a terminal would obey, cut at ``LONGEST`` characters."""
    printable = "".join(character if character.isprintable() else "·" for character in text)
    return printable if len(printable) <= LONGEST else f"{printable[:LONGEST]}…"
