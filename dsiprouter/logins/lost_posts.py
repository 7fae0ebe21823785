"""Logins that end while a user types: the input stays in the browser, and the page explains.

Before a form is posted, its page checks that the login is still valid (``keep_typed.js``), and keeps the input until it
is. So the server stores no input, least of all passwords, and another user's login never sends it automatically.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

LOST = (
    "Your login had ended, so what you sent was not stored. Log in, and enter it again; the browser's Back button may"
    " still show it."
)


@require_GET
@never_cache
def login_state(request: HttpRequest) -> HttpResponse:
    """Return the current user and the CSRF token for a page's form, because a login changes the token.

    JSON ``{"user": "ada", "token": "…"}``; both are empty without a login to the site.
    """
    if not admin.site.has_permission(request):
        return JsonResponse({"user": "", "token": ""})
    return JsonResponse({"user": request.user.get_username(), "token": get_token(request)})


def report_lost_post(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say on the login page that the redirected post was not stored: browsers without scripts do not check before."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        login = reverse("admin:login")
        if (
            request.method == "POST"
            and response.status_code == HTTPStatus.FOUND
            and response.headers["Location"].startswith(f"{login}?next=")
            and request.path != login
        ):
            messages.error(request, LOST)
        return response

    return middleware
