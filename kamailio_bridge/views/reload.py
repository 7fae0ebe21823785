"""What the Reload Kamailio button does, and how many changes are pending."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kamailio_bridge.apply.operations import apply
from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.plan.pending import waiting_changes
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.reading import TablesUnreadable
from kamailio_bridge.views.access import VIEW_REVISION_PERMISSION, for_operators


@for_operators
@require_POST
def reload(request: HttpRequest) -> HttpResponse:
    """Apply, and lead to the page that says what each module of each node answered, or why nothing was done.

    With ``seen``, the digest of the preview, nothing is applied that nobody saw; without it, whatever waits is applied
    at once.
    """
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - for the type checker: nobody else has the permission
    result = apply(
        author=user, allow_empty=request.POST.get("allow_empty") == "1", seen=request.POST.get("seen") or None
    )
    messages.add_message(request, level_of(result), result.sentence)
    return HttpResponseRedirect(result_url(request, result))


def level_of(result: ApplyResult) -> int:
    """Return how loudly the result's sentence is said."""
    if result.ok:
        return messages.SUCCESS
    return messages.WARNING if result.outcome in ("partial", "behind", "busy", "changed") else messages.ERROR


def result_url(request: HttpRequest, result: ApplyResult) -> str:
    """Return the page of the revision, or that of what waits, where there is none that the user may see."""
    if (
        result.revision is not None
        and request.user.has_perm(VIEW_REVISION_PERMISSION)
        and Revision.objects.filter(pk=result.revision).exists()
    ):
        return reverse("admin:kamailio_bridge_revision_change", args=[result.revision])
    return reverse("admin:waiting_changes")


@for_operators
@require_GET
@never_cache
def waiting_count(_request: HttpRequest) -> HttpResponse:
    """Tell the header how many rows wait, or None, and whether a node is behind: ``{"count": 3, "behind": false}``."""
    try:
        count: int | None = waiting_changes()
    except (TablesUnreadable, DatabaseError):
        count = None
    last = Revision.objects.not_failed().only("outcome").newest()
    behind = last is not None and last.outcome != Revision.Outcome.VERIFIED
    return JsonResponse({"count": count, "behind": behind})
