"""Equality of names: neither case nor Unicode composition matters (an ü is one character or two)."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), as keyboards write it. Files from a Mac are decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def name_key(name: str) -> str:
    """Return the key by which two names are compared."""
    return composed(composed(name.strip()).lower())
