"""Who is believed about the client: named proxies, and nobody else who reaches the port."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# What a proxy says about its client. From anybody else these headers are removed before anything reads them.
HEADERS = ("HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")


def is_from_proxy(request: HttpRequest) -> bool:
    """Say whether a request comes from a trusted proxy. Requests by the Unix socket do: they have no address."""
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


def believe_proxies_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Remove from a request what anybody but a trusted proxy says about its client."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_from_proxy(request):
            for name in HEADERS:
                request.META.pop(name, None)
        return get_response(request)

    return middleware
