"""Health checks for load balancers and supervisors: liveness and readiness."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dsiprouter.readiness import readiness_problems


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200. It queries no database: a database that is down must not restart the site."""
    return JsonResponse({"healthy": True})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the site can do its work (``readiness``), else 503 with the reasons."""
    reasons = readiness_problems()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)
