"""Addresses for Kamailio's SIP: one of the machine's own, because registrations send it to carriers.

It needs nothing but Python: Kamailio's unit runs it, too (deploy/check-sip-address).
"""

from __future__ import annotations

import errno
import ipaddress
import socket


def sip_address_problem(address: str) -> str:
    """Return in one sentence why this is no ``DSIPROUTER_SIP_ADDRESS``, or an empty text."""
    bare = address.removeprefix("[").removesuffix("]")
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return f"“{address}” is no IP address: set the one at which carriers reach this machine, such as 203.0.113.5."
    meant = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped else parsed
    if meant.is_unspecified:
        return (
            f"{address} means every address of the machine, and registrations would tell carriers to send their calls"
            " there: set the one address at which carriers reach this machine."
        )
    if meant is not parsed:
        return f"{address} is an IPv4 address written as IPv6: set {meant}."
    if parsed.is_multicast or str(parsed) == "255.255.255.255":
        return f"{address} is not the address of a single machine: set the one at which carriers reach this machine."
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.scope_id:
        return f"{address} has a zone (%): set an address that needs none."
    return ""


def sip_ipv6_address_problem(address: str) -> str:
    """Return in one sentence why this is no ``DSIPROUTER_SIP_IPV6_ADDRESS``, or an empty text; "" is allowed."""
    if not address:
        return ""
    if ":" not in address:
        return f"“{address}” is no IPv6 address: set one in brackets, such as [2001:db8::1], or none."
    return sip_address_problem(address)


def sip_address_problems(address: str, ipv6_address: str, *, as_written: bool = False) -> list[str]:
    """Return a sentence, which begins with its variable, for each address that Kamailio should not be started with.

    ``as_written`` are addresses as Kamailio reads them from its environment, where IPv6 has brackets.
    """
    found = {
        "DSIPROUTER_SIP_ADDRESS": sip_address_problem(address),
        "DSIPROUTER_SIP_IPV6_ADDRESS": sip_ipv6_address_problem(ipv6_address),
    }
    for name, each in zip(found, (address, ipv6_address), strict=True):
        if each and not found[name]:
            found[name] = (not_bracketed(each) if as_written else "") or not_ours(each)
    return [f"{name}: {problem}" for name, problem in found.items() if problem]


def not_bracketed(address: str) -> str:
    """Return in one sentence that an IPv6 address lacks the brackets that Kamailio needs, or an empty text."""
    if ":" in address and not (address.startswith("[") and address.endswith("]")):
        return f"{address} is an IPv6 address: write it in brackets, [{address.strip('[]')}]."
    return ""


def not_ours(address: str) -> str:
    """Return in one sentence that this machine does not have the address, or an empty text."""
    bare = address.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((bare, 0))
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return f"{address} is no address of this machine: set one of those that “ip address” lists."
        return f"Kamailio can't listen on {address}: {error.strerror or error}. Set another address of this machine."
    return ""
