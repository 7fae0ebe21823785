"""Names: when two are equal (neither case nor Unicode composition matters), and what a socket may be called."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError

LONGEST_SOCKET_NAME = 16
_SOCKET_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,{LONGEST_SOCKET_NAME - 1}}}")


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), as keyboards write it. Files from a Mac are decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def name_key(name: str) -> str:
    """Return the key by which two names are compared."""
    return composed(composed(name.strip()).lower())


def clean_socket_name(text: str) -> str:
    """Return the name of a socket in small letters, "" for none. Raises ``ValidationError``."""
    name = text.strip().lower()
    if name and not _SOCKET_NAME.fullmatch(name):
        raise ValidationError(
            f"This is no name of a socket: write up to {LONGEST_SOCKET_NAME} characters of a-z, 0-9, - and _, a letter"
            " first.",
            code="socket",
        )
    return name
