"""The SIP digest (RFC 2617, as RFC 3261 uses it). Its HA1 is the only form in which a password leaves this project."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from django.views.decorators.debug import sensitive_variables

_NAME = r"[A-Za-z0-9_.-]+"
# A bare word begins a challenge, "name=value" belongs to it, and anything else ends it.
_ELEMENT = re.compile(rf'(?P<name>{_NAME})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,]*))|(?P<word>[^\s,]+)')


class Challenge(NamedTuple):
    """A Digest challenge of a WWW-Authenticate or Proxy-Authenticate header. ``algorithm`` is in capitals."""

    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str
    stale: bool = False

    @property
    def is_answerable(self) -> bool:
        """Return whether Kamailio can answer it: MD5, qop=auth or none, no quote within a quoted string."""
        return (
            self.algorithm == "MD5"
            and bool(self.realm and self.nonce)
            and (not self.qop or "auth" in self.qop_options)
            and '"' not in self.realm + self.nonce + self.opaque
        )

    @property
    def qop_options(self) -> list[str]:
        return [option.strip().lower() for option in self.qop.split(",")]


@sensitive_variables("text")
def md5(text: str) -> str:
    """Return MD5 as 32 hex digits. Not for security: SIP carriers demand it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@sensitive_variables("password")
def ha1(username: str, realm: str, password: str) -> str:
    """Return MD5(username:realm:password) as 32 hex digits (RFC 2617, section 3.2.2.2)."""
    return md5(f"{username}:{realm}:{password}")


def parse_challenges(text: str) -> list[Challenge]:
    """Return the Digest challenges of an authenticate header in their order; one header may have several."""
    challenges: list[dict[str, str]] = []
    scheme = ""
    for element in _ELEMENT.finditer(text):
        if element["word"] is not None:
            scheme = element["word"].lower()
            if scheme == "digest":
                challenges.append({})
        elif scheme == "digest":
            value = element["quoted"] if element["quoted"] is not None else element["bare"]
            challenges[-1][element["name"].lower()] = value
    return [
        Challenge(
            found.get("realm", ""),
            found.get("nonce", ""),
            (found.get("algorithm") or "MD5").upper(),
            found.get("qop", ""),
            found.get("opaque", ""),
            found.get("stale", "").lower() == "true",
        )
        for found in challenges
    ]


def authorization(challenge: Challenge, *, username: str, digest: str, method: str, uri: str, cnonce: str) -> str:
    """Return the value of the Authorization header that answers the challenge; ``digest`` is the HA1."""
    ha2 = md5(f"{method}:{uri}")
    parts = [
        f'username="{username}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        "algorithm=MD5",
    ]
    if "auth" in challenge.qop_options:
        response = md5(f"{digest}:{challenge.nonce}:00000001:{cnonce}:auth:{ha2}")
        parts += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"']
    else:
        response = md5(f"{digest}:{challenge.nonce}:{ha2}")
    if challenge.opaque:
        parts.append(f'opaque="{challenge.opaque}"')
    return f'Digest {", ".join(parts)}, response="{response}"'
