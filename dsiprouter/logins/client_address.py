"""The client address of a request, by which logins are counted."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from dsiprouter.logins.proxies import is_from_proxy

IPV6_PREFIX = 64  # a provider's customer has all addresses of such a network
LOOPBACK = "127.0.0.1"


def client_address(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or the network of its IPv6 address.

    Behind TLS (``DSIPROUTER_TLS``) a proxy of ``DSIPROUTER_TRUSTED_PROXIES`` names the client in X-Real-IP, which it
    sets itself. From other clients the header is ignored, and the connection's address counts. On a Unix socket there
    is no address.
    """
    is_told = settings.DSIPROUTER_TLS and is_from_proxy(request)
    said = request.META.get("HTTP_X_REAL_IP", "") if is_told else ""
    try:
        address = ipaddress.ip_address((said or request.META.get("REMOTE_ADDR", "")).strip())
    except ValueError:
        return LOOPBACK
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False).network_address)
