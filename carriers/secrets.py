"""Encryption of carriers' passwords at rest.

The keys come from ``DSIPROUTER_CREDENTIAL_KEYS`` (comma separated Fernet keys, the newest first) or, without it, from a
file in the home folder that is made once with mode 0600. New passwords use the first key; all keys can read.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class SecretUnreadable(Exception):
    """A stored password can't be decrypted with the keys that we have: the password must be entered again."""


def _keys() -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in settings.DSIPROUTER_CREDENTIAL_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "DSIPROUTER_CREDENTIAL_KEYS holds something that is no Fernet key. Make one with:"
            " manage.py rotate_credential_keys --new-key"
        ) from None


def encrypt(plaintext: str) -> str:
    """Return the ciphertext of a password, as ASCII text."""
    return _keys().encrypt(plaintext.encode()).decode("ascii")


def decrypt(ciphertext: str) -> str:
    """Return the password. Raises ``SecretUnreadable`` for a lost key or a damaged ciphertext."""
    try:
        return _keys().decrypt(ciphertext.encode("ascii")).decode()
    except (InvalidToken, UnicodeError):
        raise SecretUnreadable("the password can't be decrypted with the present key") from None


def rotate(ciphertext: str) -> str:
    """Return the same password encrypted with the newest key. Raises ``SecretUnreadable``."""
    try:
        return _keys().rotate(ciphertext.encode("ascii")).decode("ascii")
    except InvalidToken:
        raise SecretUnreadable("the password can't be decrypted with the present keys") from None
