"""The carrier's side of a digest: challenges, and checks of their answers (RFC 2617, RFC 3261 section 22).

Written for the tests, not taken from the product, so that a test does not prove the product right by its own mistake.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from tests.e2e.sip.message import Message


@dataclass(frozen=True)
class Account:
    """A customer's account at a carrier, with its challenge: ``qop`` is the offer, empty in the older form.

    ``other_challenges`` stand before the one that is checked: a stronger digest (RFC 8760), or another scheme.
    """

    username: str
    password: str = field(repr=False)
    realm: str
    qop: str = "auth"
    opaque: str = ""
    algorithm: str = "MD5"
    other_challenges: tuple[str, ...] = ()

    def challenge(self, nonce: str) -> str:
        """Return the value of a WWW-Authenticate or Proxy-Authenticate header."""
        parts = [f'realm="{self.realm}"', f'nonce="{nonce}"', f"algorithm={self.algorithm}"]
        parts += [f'{name}="{value}"' for name, value in (("qop", self.qop), ("opaque", self.opaque)) if value]
        return f"Digest {', '.join(parts)}"

    def fault(self, request: Message, nonce: str, header: str) -> str:
        """Return what is wrong with the request's answer to the challenge, or an empty text."""
        given = parameters(request.get(header))
        expected = {"username": self.username, "realm": self.realm, "nonce": nonce, "uri": request.uri}
        for name, value in {**expected, "opaque": self.opaque}.items():
            if given.get(name, "") != value:
                return f"{name} is {given.get(name)!r} instead of {value!r}"
        ha1 = md5(f"{self.username}:{self.realm}:{self.password}")
        ha2 = md5(f"{request.method}:{request.uri}")
        middle = nonce
        if self.qop:
            if given.get("qop") != "auth" or given.get("nc") != "00000001" or not given.get("cnonce"):
                return f"qop, nc and cnonce are {given.get('qop')!r}, {given.get('nc')!r}, {given.get('cnonce')!r}"
            middle = f"{nonce}:{given['nc']}:{given['cnonce']}:auth"
        elif {"qop", "nc", "cnonce"} & given.keys():
            return "qop was not offered"
        return "" if given.get("response") == md5(f"{ha1}:{middle}:{ha2}") else "the password is wrong"


def new_nonce() -> str:
    return secrets.token_hex(16)


def parameters(value: str) -> dict[str, str]:
    """Read the parameters of a Digest header; quoted strings are unescaped."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "digest":
        return {}
    found = re.findall(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', rest)
    return {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in found}


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
