"""Secrets in a form that logs and error reports recognize, and hide whatever surrounds them."""

from __future__ import annotations

from carriers.passwords import encryption

MARK = "hex:"


def hidden(value: str) -> str:
    """Return ``hex:76616c7565`` for ``value``. Everybody can read it back: it must stay where secrets may be."""
    return MARK + value.encode().hex()


def hidden_secret(ciphertext: str) -> str | None:
    """Return a stored secret hidden, "" for none and None if it can't be read."""
    try:
        return hidden(encryption.decrypt(ciphertext)) if ciphertext else ""
    except encryption.SecretUnreadable:
        return None


def shown(value: str) -> str:
    """Return what ``hidden`` hid."""
    return bytes.fromhex(value.removeprefix(MARK)).decode()
