"""The page that follows a button whose job may take a while: it shows the result."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from kamailio_bridge.apply.result import ApplyResult
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.views.access import VIEW_REVISION_PERMISSION

INCOMPLETE_OUTCOMES = ("partial", "behind", "busy", "changed")  # outcomes that are neither failure nor success


def show_result(request: HttpRequest, result: ApplyResult, *, otherwise: str) -> HttpResponse:
    """Show the result's sentence, and redirect to the revision, which has each node's answers.

    If there is no revision, or the user may not see it, redirect to the page with the URL name ``otherwise``.
    """
    level = messages.WARNING if result.outcome in INCOMPLETE_OUTCOMES else messages.ERROR
    messages.add_message(request, messages.SUCCESS if result.ok else level, result.sentence)
    recorded = result.revision is not None and Revision.objects.filter(pk=result.revision).exists()
    if recorded and request.user.has_perm(VIEW_REVISION_PERMISSION):
        return HttpResponseRedirect(reverse("admin:kamailio_bridge_revision_change", args=[result.revision]))
    return HttpResponseRedirect(reverse(otherwise))
