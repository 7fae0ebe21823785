"""The page of a user's own sessions, with the button that ends the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from carriers.history.actor import operator_of
from dsiprouter.logins.sessions import end_sessions, sessions_of

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class SessionRow:
    """A session as its owner sees it, without its key."""

    browser: str
    address: str
    began: datetime
    seen: datetime
    ends: datetime
    is_this: bool


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List the user's own sessions, this one included."""
    found = [
        SessionRow(
            browser_in_words(session.browser),
            session.address,
            session.began,
            session.seen,
            session.expire_date,
            session.session_key == request.session.session_key,
        )
        for session in sessions_of(operator_of(request).pk)
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Your sessions",
        "sessions": found,
        "others": sum(not session.is_this for session in found),
        "idle_minutes": settings.DSIPROUTER_IDLE_MINUTES,
    }
    return TemplateResponse(request, "admin/sessions.html", context)


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user except this one."""
    ended = end_sessions(operator_of(request).pk, except_for=request.session.session_key or "")
    said = "There was no other session." if not ended else f"{ended} other session{'s' if ended > 1 else ''} ended."
    messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:sessions"))


def browser_in_words(agent: str) -> str:
    """Return a user agent as ``Firefox on Linux``, an unknown one shortened."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or agent[:60] or "unknown"
