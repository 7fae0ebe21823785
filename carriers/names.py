"""When two names are one: people take “Acme” for “ACME”, and an ü of one character for one of two. So do we."""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), as keyboards write it. Files of a Mac have letters decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def name_key(name: str) -> str:
    """Return what two names must differ in."""
    return composed(composed(name.strip()).lower())
