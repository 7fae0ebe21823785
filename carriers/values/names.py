"""When two names are the same: case does not matter, nor whether an ü is one character or two."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), as keyboards write it. Files from a Mac are decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def name_key(name: str) -> str:
    """Return what two names must differ in."""
    return composed(composed(name.strip()).lower())
