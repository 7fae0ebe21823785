"""Addresses where Kamailio may answer JSON-RPC: a client with the token reads and changes everything there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses where clouds serve a machine's secrets or accept commands for it. A request alone may do harm there.
METADATA = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.100.100.200/32",  # Alibaba Cloud
            "168.63.129.16/32",  # Azure
            "192.0.0.192/32",  # Oracle Cloud
            "fd00:ec2::/32",  # Amazon
            "fd20:ce::254/128",  # Google
            "fd00:42::42/128",  # Scaleway
        ),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def rpc_address_problem(address: str) -> str:
    """Return in one sentence why this is no address for the RPC, or an empty text.

    Allowed are loopback addresses and those of private networks (RFC 1918, RFC 4193, RFC 6598). Names are not, because
    their addresses may change after this check.
    """
    bare = address.removeprefix("[").removesuffix("]")
    if forbidden := forbidden_range(bare):
        return f"{forbidden}: no Kamailio answers there."
    try:
        parsed = ipaddress.ip_address(bare)
    except ValueError:
        return f"“{address}” is no IP address: name one of the loopback interface or of a private network."
    if parsed.is_unspecified:
        return f"{address} means every address of the machine, public ones too: name a single private one."
    if parsed.is_multicast or parsed.is_global:
        return f"{address} is not private: whoever reaches the RPC reads and changes everything."
    return ""


def forbidden_range(host: str) -> str:
    """Return in a sentence that a host is a link-local or metadata address, in any notation, or an empty text.

    Names pass: their addresses are checked when a connection is made.
    """
    for address in _meanings(host):
        written = host if str(address) == host else f"{host} means {address}, which"
        if address.is_link_local:
            return f"{written} is link-local"
        if any(address in network for network in METADATA):
            return f"{written} is where a cloud serves its metadata"
    return ""


def _meanings(host: str) -> Iterator[Address]:
    """Yield the IP address of a host, and the IPv4 addresses that an IPv6 address embeds."""
    try:
        address: Address = ipaddress.ip_address(host)
    except ValueError:
        try:
            # "2852039166", "0xa9fea9fe" and "0251.0376.43518" are addresses for the system.
            address = ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
        except (OSError, UnicodeError, ValueError):
            return
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
