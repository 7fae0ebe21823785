"""The SIP digest's HA1, the only form in which a carrier's password ever leaves this project."""

from __future__ import annotations

import hashlib


def ha1(username: str, realm: str, password: str) -> str:
    """Return MD5(username:realm:password) as 32 hex digits (RFC 2617, section 3.2.2.2; SIP carriers demand MD5)."""
    return hashlib.md5(f"{username}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()
