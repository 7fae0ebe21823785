"""Two questions of load balancers and supervisors: does this process live, and can it do its work?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dsiprouter.readiness import not_ready_because


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer. No database is asked, so that a database that is down makes nobody restart the site."""
    return JsonResponse({"healthy": True})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the site can do its work (``readiness``), else 503 with the reasons."""
    reasons = not_ready_because()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)
