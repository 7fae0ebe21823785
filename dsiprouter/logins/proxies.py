"""Trusted proxies: only their headers about the client are read."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Headers of proxies about the client. They are removed from other requests before anything reads them.
HEADERS = ("HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")


def is_from_proxy(request: HttpRequest) -> bool:
    """Return whether a request comes from a trusted proxy. Requests by the Unix socket do."""
    said = request.META.get("REMOTE_ADDR", "")
    if not said:
        return True
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(said)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in settings.DSIPROUTER_TRUSTED_PROXIES)


def trust_proxies_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Remove headers about the client from requests that do not come from a trusted proxy."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_from_proxy(request):
            for name in HEADERS:
                request.META.pop(name, None)
        return get_response(request)

    return middleware
