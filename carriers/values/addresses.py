"""Parse the addresses that operators type: SIP hosts, SIP addresses and networks.

Everything here is pure and raises ``ValidationError`` with a sentence that names the wrong part, so that models, forms
and documents refuse the same input with the same words. The reasons are measured: Kamailio 5.6 reads ``127.0.0.300``
as 127.0.0.44 and ``/0`` as ``/32`` (docs/kamailio-facts.md#address-rows, docs/kamailio-facts.md#bad-destinations).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache
from typing import NamedTuple

from django.core.exceptions import ValidationError

DEFAULT_SIP_PORT = 5060
DEFAULT_TLS_PORT = 5061
# The narrowest column for a host with ":65535;transport=tcp" is dr_gateways.address (128).
MAX_HOST_LENGTH = 100
TRANSPORTS = ("udp", "tcp", "tls")

_HIGHEST_HOSTLESS, _LOWEST_MULTICAST = 0, 224  # first octets of IPv4 addresses
# IPv4 addresses written as IPv6: mapped (::ffff:203.0.113.7) and, deprecated, compatible (::203.0.113.7). Kamailio sees
# their packets as IPv4, so such a source would never match. ::1 and its neighbours are IPv6.
_MAPPED, _COMPATIBLE = 0xFFFF, 0
_LOWEST_EMBEDDED = 1 << 24
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_DIGITS_AND_DOTS = re.compile(r"[0-9.]+")
_SCHEME = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*):(?P<rest>.*)", re.DOTALL)


IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


class SipAddress(NamedTuple):
    """An address as typed. ``port`` and ``transport`` are None where the text has none."""

    host: str
    port: int | None
    transport: str | None


@lru_cache(maxsize=1 << 14)  # forms, validators and columns clean each host repeatedly, ten thousand in a document
def clean_host(text: str) -> str:
    """Return ``text`` as an IPv4 or IPv6 address (no brackets) or a DNS name in lower case, or refuse it."""
    host = text.strip()
    if not host:
        raise ValidationError("Enter a host: an IP address or a DNS name.", code="blank")
    if is_ipv4(host) and _HIGHEST_HOSTLESS < int(host.partition(".")[0]) < _LOWEST_MULTICAST:
        return host
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise ValidationError("“%(text)s” is not an IPv6 address.", code="host", params={"text": text})
    if ":" in host:
        return _clean_ip(host, text)
    if _DIGITS_AND_DOTS.fullmatch(host):
        return _clean_ip(host, text)
    return _clean_name(host, text)


def _clean_ip(host: str, text: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValidationError("“%(text)s” is not an IP address.", code="host", params={"text": text}) from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise ValidationError(
            "“%(text)s” has a zone (%%): enter the address without it.", code="host", params={"text": text}
        )
    address = as_ipv4(address)
    if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        raise ValidationError("“%(text)s” is not the address of a single host.", code="host", params={"text": text})
    return str(address)


def _clean_name(host: str, text: str) -> str:
    name = host.lower().rstrip(".")
    if len(name) > MAX_HOST_LENGTH:
        raise ValidationError(
            "A host name has at most %(limit)s characters; this one has %(length)s.",
            code="host",
            params={"limit": MAX_HOST_LENGTH, "length": len(name)},
        )
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValidationError(
            "“%(text)s” is neither an IP address nor a DNS name (letters, digits, hyphens and dots).",
            code="host",
            params={"text": text},
        )
    if labels[-1].isdigit():
        raise ValidationError(
            "“%(text)s” ends in a number but is not an IP address.", code="host", params={"text": text}
        )
    return name


def clean_port(text: str | int) -> int:
    """Return a port from 1 to 65535, or refuse it."""
    digits = str(text)
    if not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits[:6]) <= 65535:
        raise ValidationError(
            "“%(text)s” is not a port: enter a number from 1 to 65535.", code="port", params={"text": text}
        )
    return int(digits)


def clean_transport(text: str) -> str:
    """Return ``udp``, ``tcp`` or ``tls``, or refuse it."""
    transport = text.strip().lower()
    if transport not in TRANSPORTS:
        raise ValidationError(
            "Transport “%(text)s” is not available: use udp, tcp or tls.", code="transport", params={"text": text}
        )
    return transport


def parse_sip_address(text: str) -> SipAddress:
    """Split ``host``, ``host:port`` or ``sip:host:port;transport=tcp`` into its parts.

    An IPv6 address takes a port only in brackets (``[2001:db8::1]:5060``). A user part, ``sips:`` and parameters other
    than transport are refused, because Kamailio would accept them and lose every call
    (docs/kamailio-facts.md#gateways-that-drouting-uses).
    """
    rest = text.strip()
    scheme = _SCHEME.fullmatch(rest)
    if scheme and scheme["scheme"].lower() in ("sip", "sips"):
        if scheme["scheme"].lower() == "sips":
            raise ValidationError("Write sip: and the transport tls instead of sips:.", code="transport")
        rest = scheme["rest"]
    elif "://" in rest:
        raise ValidationError(
            "Enter the host alone, without “%(scheme)s”.", code="host", params={"scheme": rest[: rest.index("://") + 3]}
        )
    if "@" in rest:
        raise ValidationError("Enter the host alone, without a user part before “@”.", code="host")
    rest, *parameters = rest.split(";")
    transport = None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() != "transport":
            raise ValidationError(
                "Parameter “%(parameter)s” is not understood: only transport=udp, tcp or tls is.",
                code="host",
                params={"parameter": parameter},
            )
        transport = clean_transport(value)
    host, port = _split_port(rest.strip(), text)
    return SipAddress(clean_host(host), port, transport)


def _split_port(rest: str, text: str) -> tuple[str, int | None]:
    if rest.startswith("["):
        host, bracket, after = rest.partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise ValidationError(
                "“%(text)s” is not an IPv6 address in brackets, such as [2001:db8::1]:5060.",
                code="host",
                params={"text": text},
            )
        return host + bracket, clean_port(after[1:]) if after else None
    if rest.count(":") == 1:
        host, _, port = rest.partition(":")
        return host, clean_port(port)
    return rest, None


def uri_host(host: str) -> str:
    """Return the host as written in a SIP URI: an IPv6 address in brackets (RFC 3261, section 25.1)."""
    return f"[{host}]" if ":" in host else host


def usual_port(host: str, transport: str | None = None) -> int | None:
    """Return the port of an address that names none: None for a DNS name, which DNS leads to a port (RFC 3263)."""
    if host_ip(host) is None:
        return None
    return DEFAULT_TLS_PORT if transport == "tls" else DEFAULT_SIP_PORT


def with_port(host: str, port: int | None) -> str:
    """Return ``host:port``, or the host alone where DNS decides about the port."""
    return uri_host(host) if port is None else f"{uri_host(host)}:{port}"


def format_address(host: str, port: int | None, transport: str) -> str:
    """Return host and port, and the transport where it is not UDP: ``203.0.113.7:5060``, ``host:5060/tcp``."""
    suffix = "" if transport == "udp" else f"/{transport}"
    return f"{with_port(host, port)}{suffix}"


def format_account(username: str, registrar: str, port: int | None, transport: str) -> str:
    """Return an account with its registration server: ``1000 at sip.acme.example:5060``."""
    return f"{username} at {format_address(registrar, port, transport)}"


def is_ipv4(host: str) -> bool:
    """Return whether the host is an IPv4 address in canonical form (no leading zeros).

    It takes a tenth of the time of ``ipaddress``, and plans check a hundred thousand hosts.
    """
    try:
        socket.inet_pton(socket.AF_INET, host)
    except (OSError, ValueError):  # ValueError: the text has a null character or is not ASCII
        return False
    return True


def host_ip(host: str) -> IPAddress | None:
    """Return the host's IP address, or None for a DNS name."""
    try:
        return parse_ip(host)
    except ValueError:
        return None


def parse_ip(text: str) -> IPAddress:
    """Return an IP address; an embedded IPv4 address becomes IPv4. Raises ``ValueError``."""
    return as_ipv4(ipaddress.ip_address(text))


def as_ipv4(address: IPAddress) -> IPAddress:
    """Return an IPv4 address that is written as IPv6 as IPv4; return other addresses unchanged.

    Python versions write mapped addresses differently, so none may be stored.
    """
    if isinstance(address, ipaddress.IPv6Address) and _embeds_ipv4(address):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _embeds_ipv4(address: ipaddress.IPv6Address) -> bool:
    kind, embedded = divmod(int(address), 1 << 32)
    return kind == _MAPPED or (kind == _COMPATIBLE and embedded >= _LOWEST_EMBEDDED)


def clean_network(text: str) -> str:
    """Return ``text`` as a CIDR network; a single address becomes a /32 or /128. Host bits and /0 are refused."""
    value = text.strip()
    if not value:
        raise ValidationError("Enter a network such as 198.51.100.0/24, or a single address.", code="blank")
    try:
        interface = ipaddress.ip_interface(value)
    except ValueError:
        raise ValidationError(
            "“%(text)s” is not a network such as 198.51.100.0/24 or 2001:db8::/32.",
            code="network",
            params={"text": text},
        ) from None
    if "%" in value:
        raise ValidationError("Enter the network without a zone (%%).", code="network")
    _, _, mask = value.partition("/")
    if mask and not mask.isdigit():
        raise ValidationError(
            "Enter the mask as a number of bits, such as /%(bits)s.",
            code="network",
            params={"bits": interface.network.prefixlen},
        )
    interface = _interface_as_ipv4(interface, text)
    network = interface.network
    if network.prefixlen == 0:
        raise ValidationError("A network of /0 would let everybody in.", code="network")
    if interface.ip != network.network_address:
        raise ValidationError(
            "%(address)s is a host inside %(network)s: enter %(network)s for the network, or %(address)s/%(bits)s"
            " for the single host.",
            code="network",
            params={"address": interface.ip, "network": network, "bits": network.max_prefixlen},
        )
    return str(network)


def _interface_as_ipv4(interface: IPInterface, text: str) -> IPInterface:
    """Return a network of IPv4 addresses that is written as IPv6 as IPv4."""
    if not isinstance(interface, ipaddress.IPv6Interface) or not _embeds_ipv4(interface.ip):
        return interface
    address, bits = as_ipv4(interface.ip), interface.network.prefixlen - 96
    if bits < 0:
        raise ValidationError(
            "“%(text)s” is an IPv4 address written as IPv6, where a mask has 96 bits at least: enter %(address)s with"
            " the mask of an IPv4 network.",
            code="network",
            params={"text": text, "address": address},
        )
    return ipaddress.IPv4Interface((int(address), bits))
