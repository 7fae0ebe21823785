"""Encryption of carriers' passwords at rest.

The keys come from ``DSIPROUTER_CREDENTIAL_KEYS`` (comma separated Fernet keys, the newest first) or, without it, from a
file in the home folder that is made once with mode 0600 (one key a line, the newest first). New passwords use the
newest key; all keys can read.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables

from carriers.passwords.secret_files import HomeUnusable, add_secret_line, secret_from_file


class SecretUnreadable(Exception):
    """A stored password can't be decrypted with the present keys: it must be entered again."""


def keys_are_in_file() -> bool:
    """Return whether the keys come from the file in the home folder, not from the environment."""
    return not settings.DSIPROUTER_CREDENTIAL_KEYS


def keys_problem() -> str:
    """Return what is wrong with the keys, or an empty text."""
    try:
        _keys()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def new_key() -> str:
    """Return a new key, as ASCII text."""
    return Fernet.generate_key().decode("ascii")


def add_key_to_file() -> None:
    """Make a new key the newest one of the file, in every process. Raises ``OSError`` or ``HomeUnusable``."""
    add_secret_line(_key_file(), new_key())


def _key_file() -> Path:
    """Return the path of the key file; create it if it is missing. Raises ``OSError`` or ``HomeUnusable``."""
    path: Path = settings.DSIPROUTER_CREDENTIAL_KEY_FILE
    if not path.exists():
        secret_from_file(path, new_key)
    return path


def _keys() -> MultiFernet:
    if not keys_are_in_file():
        return _read_keys(tuple(settings.DSIPROUTER_CREDENTIAL_KEYS), "DSIPROUTER_CREDENTIAL_KEYS")
    try:
        path = _key_file()
        found = path.stat()
        return _keys_of_file(path, (found.st_ino, found.st_mtime_ns, found.st_size))
    except HomeUnusable as error:
        raise ImproperlyConfigured(f"The home folder {error}.") from None
    except OSError as error:
        name = settings.DSIPROUTER_CREDENTIAL_KEY_FILE
        raise ImproperlyConfigured(f"{name}, with the keys of passwords, can't be read: {error.strerror}.") from None


@lru_cache(maxsize=4)
def _keys_of_file(path: Path, version: tuple[int, int, int]) -> MultiFernet:  # noqa: ARG001 - part of the cache's key
    """Read the keys of a file, once for each version of it (inode, time and size)."""
    return _read_keys(tuple(path.read_text(encoding="ascii", errors="replace").split()), str(path))


@lru_cache(maxsize=4)
def _read_keys(keys: tuple[str, ...], origin: str) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured(
            f"{origin} holds no key of passwords: put it back from your backup, or make a new one with"
            " manage.py rotate_credential_keys --new-key."
        )
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            f"{origin} holds something that is no Fernet key: take it out, or put the keys back from your backup."
        ) from None


@sensitive_variables("plaintext")
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
    except (InvalidToken, UnicodeError):
        raise SecretUnreadable("the password can't be decrypted with the present keys") from None
