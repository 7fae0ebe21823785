"""Where a button leads whose job may take a while: to the page that says what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.views.access import VIEW_REVISION_PERMISSION

LEFT_SOMETHING = ("partial", "behind", "busy", "changed")  # outcomes that are no failure and not all that was asked for


def show_result(request: HttpRequest, result: ApplyResult, *, otherwise: str) -> HttpResponse:
    """Say the result's sentence, and lead to the revision, which says what each node answered.

    Where there is no revision, or none that the user may see, lead to the page of the URL name ``otherwise``.
    """
    level = messages.WARNING if result.outcome in LEFT_SOMETHING else messages.ERROR
    messages.add_message(request, messages.SUCCESS if result.ok else level, result.sentence)
    recorded = result.revision is not None and Revision.objects.filter(pk=result.revision).exists()
    if recorded and request.user.has_perm(VIEW_REVISION_PERMISSION):
        return HttpResponseRedirect(reverse("admin:kamailio_bridge_revision_change", args=[result.revision]))
    return HttpResponseRedirect(reverse(otherwise))
