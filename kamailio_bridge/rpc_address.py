"""Where Kamailio may answer JSON-RPC: whoever reaches it with the token reads and changes everything."""

from __future__ import annotations

import ipaddress


def rpc_address_problem(address: str) -> str:
    """Say in one sentence why this is no address for the RPC, or return an empty text.

    Fit are loopback addresses and those of private networks (RFC 1918, RFC 4193, RFC 6598, link-local). A name is not:
    what it means may change after it was looked at.
    """
    try:
        parsed = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        return f"“{address}” is no IP address: name one of the loopback interface or of a private network."
    if parsed.is_unspecified:
        return f"{address} means every address of the machine, public ones too: name a single private one."
    if parsed.is_multicast or parsed.is_global:
        return f"{address} is not private: whoever reaches the RPC reads and changes everything."
    return ""
