"""Ask DNS where a host name leads: SRV records where it has no port, else A and AAAA records.

Kamailio does the same for calls that it sends (RFC 3263). For calls that come, every transport counts, because the
carrier chooses which it uses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import dns.exception
import dns.rdatatype
import dns.resolver

SECONDS = 3.0  # for a question; without an answer the others about the name are not asked
MOST_ADDRESSES = 32  # of one name: more would be no carrier's
MOST_TARGETS = 16
_SERVICES = ("_sip._udp", "_sip._tcp", "_sips._tcp")


class Resolution(NamedTuple):
    """``addresses`` in ascending order of their text, valid for ``ttl`` seconds."""

    addresses: list[str]
    ttl: int


class Unresolved(Exception):
    """A name leads nowhere, or nobody answers. ``str()`` is a sentence."""


def resolve(name: str, *, has_port: bool, resolver: dns.resolver.Resolver | None = None) -> Resolution:
    """Return the addresses that ``name`` leads to. Raises ``Unresolved``."""
    asked = _Questions(resolver or dns.resolver.Resolver())
    targets = [] if has_port else asked.targets(name)
    addresses: list[str] = []
    for target in targets or [name]:
        addresses += asked.addresses(target)
    if not addresses:
        raise Unresolved(asked.why or "it has no A and no AAAA record.")
    if len(set(addresses)) > MOST_ADDRESSES:
        raise Unresolved(f"it leads to more than {MOST_ADDRESSES} addresses.")
    return Resolution(sorted(set(addresses)), asked.ttl)


class _Questions:
    """Questions about one name. ``ttl`` is the least of all answers, ``why`` says what failed."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self._resolver = resolver
        self._resolver.lifetime = SECONDS
        self.ttl = 2**31 - 1
        self.why = ""

    def targets(self, name: str) -> list[str]:
        services = [f"{service}.{name}" for service in _SERVICES]
        # The replacement of a NAPTR record for SIP is the name of its SRV records.
        services += [
            record.replacement.to_text(omit_final_dot=True)
            for record in self._ask(name, "NAPTR")
            if record.service.decode("ascii", "replace").upper().startswith(("SIP+", "SIPS+"))
        ]
        records = [record for service in dict.fromkeys(services) for record in self._ask(service, "SRV")]
        targets = dict.fromkeys(record.target.to_text(omit_final_dot=True) for record in records)
        return list(targets)[:MOST_TARGETS]

    def addresses(self, name: str) -> list[str]:
        return [str(record.address) for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            answer = self._resolver.resolve(f"{name}.", kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.resolver.NoNameservers:
            self.why = "the name servers answer with an error."
            return []
        except (dns.exception.DNSException, OSError, UnicodeError):
            raise Unresolved(f"no name server answers within {SECONDS:g} s.") from None
        self.ttl = min(self.ttl, int(answer.rrset.ttl) if answer.rrset is not None else 0)
        return list(answer)
