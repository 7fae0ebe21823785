"""Slow down guesses of one user's password from many addresses, without locking anybody out.

After ten failed logins with a name, from any addresses, the next attempt from an unknown place is accepted only after a
pause: 1 s, 2 s, 4 s … a minute. An attempt that comes too early is refused at once, with the time to wait; it blocks no
web thread, and does not count. A place is known if this name has logged in from there: its browser has a signed cookie,
or the record of logins has its address. So guessers slow down each other, not the owner of the name. The lock of an
address is independent of this.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessLog
from django.core import signing
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dsiprouter.logins.client_address import client_address
from dsiprouter.models import NameDelay

FREE_FAILURES = 10
LONGEST_PAUSE = 60  # seconds
FORGET_AFTER = timedelta(hours=1)  # without a failure
KNOWN_FOR = timedelta(days=90)
COOKIE = "known_browser"


def seconds_to_wait(request: HttpRequest, username: str) -> int:
    """Return 0 and take the turn if a login with this name is allowed now, else the seconds to wait."""
    now = timezone.now()
    found = NameDelay.objects.filter(name=_digest(username), last__gt=now - FORGET_AFTER).first()
    if found is None or found.failures < FREE_FAILURES or _is_known(request, username, now):
        return 0
    pause = timedelta(seconds=min(LONGEST_PAUSE, 2 ** min(found.failures - FREE_FAILURES, 10)))
    # One of several simultaneous attempts gets the turn: the database decides.
    if NameDelay.objects.filter(pk=found.pk, next_try__lte=now).update(next_try=now + pause):
        return 0
    return max(1, math.ceil((found.next_try - now).total_seconds()))


def count_failure(*, credentials: dict[str, Any], **_more: Any) -> None:
    """Count a failed login (a receiver of ``user_login_failed``), and forget old ones."""
    username = credentials.get("username")
    if not isinstance(username, str) or not username:
        return
    now = timezone.now()
    NameDelay.objects.filter(last__lte=now - FORGET_AFTER).delete()
    name = _digest(username)
    if NameDelay.objects.filter(name=name).update(failures=F("failures") + 1, last=now):
        return
    try:
        NameDelay.objects.create(name=name, failures=1, last=now, next_try=now)
    except IntegrityError:  # another web process was first
        NameDelay.objects.filter(name=name).update(failures=F("failures") + 1, last=now)


def reset(username: str) -> int:
    """Forget the failed logins with a name, and return how many there were."""
    found = NameDelay.objects.filter(name=_digest(username)).first()
    if found is None:
        return 0
    found.delete()
    return found.failures


def remember_browser(response: HttpResponse, request: HttpRequest) -> None:
    """Mark the browser of a user who has just logged in as known."""
    response.set_cookie(
        _cookie_name(request),
        signing.dumps(_digest(request.user.get_username()), salt=COOKIE),
        max_age=KNOWN_FOR,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _is_known(request: HttpRequest, username: str, now: datetime) -> bool:
    try:
        said = signing.loads(request.COOKIES.get(_cookie_name(request), ""), salt=COOKIE, max_age=KNOWN_FOR)
    except signing.BadSignature:
        said = None
    if said == _digest(username):
        return True
    logins = AccessLog.objects.filter(username=username, ip_address=client_address(request))
    return logins.filter(attempt_time__gt=now - KNOWN_FOR).exists()


def _cookie_name(request: HttpRequest) -> str:
    return f"__Host-{COOKIE}" if request.is_secure() else COOKIE


def _digest(username: str) -> str:
    return hashlib.sha256(username.casefold().encode()).hexdigest()
