"""Headers that tell browsers what no page of ours needs. Django and django-csp send the others."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

SWITCHED_OFF = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "serial", "usb")
PERMISSIONS_POLICY = ", ".join(f"{feature}=()" for feature in SWITCHED_OFF)


def restrict_browser(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Switch off the browser's devices, and let no other site load anything of ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    return middleware
