"""Sessions, stored in a table that also has their user, address, and last use.

A session ends after ``DSIPROUTER_SESSION_HOURS``, or earlier, after ``DSIPROUTER_IDLE_MINUTES`` without a page.
Background requests by scripts do not count as use.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from carriers.django_internals import forget_session_key, stored_session
from dsiprouter.logins.client_address import client_address
from dsiprouter.models import SiteSession

USE_INTERVAL = timedelta(minutes=1)  # uses are recorded once in this time
BACKGROUND = ("cors", "same-origin", "no-cors")  # Sec-Fetch-Mode of requests by scripts


class SessionStore(DatabaseStore):
    """Django's store, with our table."""

    client = ("", "")  # address and browser of the request
    origin: tuple[str, str] | None = None  # of the login
    began: datetime | None = None
    seen: datetime | None = None
    was_idle = False

    @classmethod
    def get_model_class(cls) -> type[SiteSession]:
        return SiteSession

    def load(self) -> dict[str, Any]:
        found: SiteSession | None = stored_session(self)
        if found is None:
            return {}
        if found.user_id is not None and found.seen <= timezone.now() - idle_limit():
            self.was_idle = True
            found.delete()
            forget_session_key(self)
            return {}
        self.began, self.seen, self.origin = found.began, found.seen, (found.address, found.browser)
        return self.decode(found.session_data)

    def create_model_instance(self, data: dict[str, Any]) -> SiteSession:
        found: SiteSession = super().create_model_instance(data)  # type: ignore[assignment]
        now = timezone.now()
        found.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        found.address, found.browser = self.origin or self.client
        found.began, found.seen = self.began or now, self.seen or now
        return found

    def cycle_key(self) -> None:
        """Start a new session at a login: the one before had no user."""
        self.began = self.seen = self.origin = None
        super().cycle_key()

    def flush(self) -> None:
        self.began = self.seen = self.origin = None
        super().flush()

    def use(self) -> None:
        """Record that a page was requested."""
        now = timezone.now()
        if self.seen is not None and self.session_key and now - self.seen >= USE_INTERVAL:
            SiteSession.objects.filter(session_key=self.session_key).update(seen=now)
            self.seen = now


def idle_limit() -> timedelta:
    """Return how long a session may be unused; without a limit, longer than any session."""
    return timedelta(minutes=settings.DSIPROUTER_IDLE_MINUTES) or timedelta(days=366)


def record_use(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Record client and last page of a session; tell the user if it ended unused."""

    def middleware(request: HttpRequest) -> HttpResponse:
        session: Any = request.session
        session.client = (client_address(request), request.META.get("HTTP_USER_AGENT", "")[:200])
        response = get_response(request)
        if session.accessed and request.META.get("HTTP_SEC_FETCH_MODE") not in BACKGROUND:
            session.use()
        if session.was_idle:
            minutes = settings.DSIPROUTER_IDLE_MINUTES
            messages.info(request, f"You were logged out, because no page was opened for {minutes} minutes.")
        return response

    return middleware


def sessions_of(user_id: int) -> list[SiteSession]:
    """Return the current sessions of a user, most recently used first."""
    now = timezone.now()
    found = SiteSession.objects.filter(user_id=user_id, expire_date__gt=now, seen__gt=now - idle_limit())
    return list(found.order_by("-seen", "-began"))


def end_sessions(user_id: int, *, except_for: str | None = None) -> int:
    """End the sessions of a user except one, and return how many ended."""
    found = SiteSession.objects.filter(user_id=user_id)
    return found.exclude(session_key=except_for).delete()[0] if except_for else found.delete()[0]
