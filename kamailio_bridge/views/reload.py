"""The Reload Kamailio button, and the number of pending changes."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carriers.history.actor import operator_of
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.plan.pending import pending_changes
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.reading import TablesUnreadable
from kamailio_bridge.views.access import require_operator
from kamailio_bridge.views.results import show_result


@require_operator
@require_POST
def reload(request: HttpRequest) -> HttpResponse:
    """Apply, and redirect to the page with the answers of each node's modules, or with the reason why nothing was done.

    With ``seen``, the digest of the preview, only what was seen is applied; without it, all pending changes are.
    """
    result = apply(
        author=operator_of(request),
        allow_empty=request.POST.get("allow_empty") == "1",
        seen=request.POST.get("seen") or None,
    )
    return show_result(request, result, otherwise="admin:waiting_changes")


@require_operator
@require_GET
@never_cache
def pending_count(_request: HttpRequest) -> HttpResponse:
    """Return how many changes are pending, null if unknown, and whether a node is behind.

    Such as ``{"count": 3, "behind": false}``, for the header of every page.
    """
    try:
        count: int | None = pending_changes()
    except (TablesUnreadable, DatabaseError):
        count = None
    last = Revision.objects.not_failed().only("outcome").newest()
    behind = last is not None and last.outcome != Revision.Outcome.VERIFIED
    return JsonResponse({"count": count, "behind": behind})
