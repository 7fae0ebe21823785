"""The SIP digest (RFC 2617, as RFC 3261 uses it). Its HA1 is the only form in which a password leaves this project."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from django.views.decorators.debug import sensitive_variables

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class Challenge(NamedTuple):
    """A Digest challenge of a WWW-Authenticate or Proxy-Authenticate header."""

    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str


@sensitive_variables("text")
def md5(text: str) -> str:
    """Return MD5 as 32 hex digits. Not for security: SIP carriers demand it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@sensitive_variables("password")
def ha1(username: str, realm: str, password: str) -> str:
    """Return MD5(username:realm:password) as 32 hex digits (RFC 2617, section 3.2.2.2)."""
    return md5(f"{username}:{realm}:{password}")


def parse_challenge(value: str) -> Challenge | None:
    """Read the value of an authenticate header; None when it is no Digest challenge with a realm and a nonce."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    parameters = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    if "realm" not in parameters or not parameters.get("nonce"):
        return None
    return Challenge(
        parameters["realm"],
        parameters["nonce"],
        parameters.get("algorithm", "MD5"),
        parameters.get("qop", ""),
        parameters.get("opaque", ""),
    )


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
    if "auth" in [option.strip() for option in challenge.qop.split(",")]:
        response = md5(f"{digest}:{challenge.nonce}:00000001:{cnonce}:auth:{ha2}")
        parts += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"']
    else:
        response = md5(f"{digest}:{challenge.nonce}:{ha2}")
    if challenge.opaque:
        parts.append(f'opaque="{challenge.opaque}"')
    return f'Digest {", ".join(parts)}, response="{response}"'
