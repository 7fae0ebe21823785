"""Two questions of load balancers and supervisors: does this process live, and can it do its work?"""

from __future__ import annotations

import logging
from functools import cache

from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kamailio_bridge.checks import table_problems

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer. No database is asked, so that a database that is down makes nobody restart the site."""
    return JsonResponse({"healthy": True})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when both databases are there and as this version needs them, else 503 with the reasons.

    Anybody may ask, so the reasons name tables and commands, and no host, user or value.
    """
    reasons = not_ready_because()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def not_ready_because() -> list[str]:
    """Return a sentence for each thing that keeps the site from its work."""
    unreachable = [alias for alias in connections if not _is_reachable(alias)]
    reasons = [f"The database “{alias}” can't be reached; the site's log says why." for alias in unreachable]
    if "default" not in unreachable:
        missing = unapplied_migrations()
        if missing:
            reasons.append(f"{len(missing)} migrations are not applied, from {missing[0]}: run manage.py migrate.")
    if "kamailio" not in unreachable:
        reasons += table_problems()
    return reasons


def unapplied_migrations() -> list[str]:
    """Return the migrations of this version that the database has not seen, as ``app.name``."""
    applied = MigrationRecorder(connections["default"]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _migrations() if (app, name) not in applied)


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Read the migrations once: files of a running version don't change."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def _is_reachable(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("The database “%s” can't be reached: %s", alias, error.args[-1] if error.args else error)
        return False
    return True
