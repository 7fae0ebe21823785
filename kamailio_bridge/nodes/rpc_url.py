"""The URL of a node's RPC. Our token is sent there, so hosts are restricted."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from carriers.values.addresses import uri_host
from kamailio_bridge.nodes.rpc_address import forbidden_range, rpc_address_problem

RPC_PATH = "/RPC"


def local_rpc_url() -> str:
    """Return the address of the local node, from the settings."""
    return f"http://{uri_host(settings.DSIPROUTER_RPC_ADDRESS)}:{settings.DSIPROUTER_RPC_PORT}{RPC_PATH}"


def normal_rpc_url(url: str) -> str:
    """Return the URL with Kamailio's path if it has none."""
    bare = url.rstrip("/")
    return bare + RPC_PATH if bare.count("/") == 2 else bare


def validate_rpc_url(url: str) -> None:
    """Accept ``http://address:port/RPC`` with a loopback or private address. Raises ``ValidationError``.

    The token goes there unencrypted. ``KAMAILIO_RPC_ANYWHERE`` allows other addresses and names, but never link-local
    addresses and those of a cloud's metadata. A name's addresses are checked when a connection is made.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValidationError(f"This is no URL: {error}.") from None
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValidationError("A URL has no blanks.")
    if parts.scheme != "http":
        raise ValidationError("Enter an http:// URL: Kamailio's RPC has no other scheme.")
    if not host or not port:
        raise ValidationError("Enter the address and the port, such as http://10.0.0.5:5062/RPC.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValidationError("Enter address, port and path only; the token comes from elsewhere.")
    if forbidden := forbidden_range(host):
        raise ValidationError(f"{forbidden}: no Kamailio answers there.")
    problem = "" if settings.KAMAILIO_RPC_ANYWHERE else rpc_address_problem(host)
    if problem:
        raise ValidationError(f"{problem} KAMAILIO_RPC_ANYWHERE=true allows it; the token goes there unencrypted.")
