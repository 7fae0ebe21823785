"""Roll back to a revision: a page that shows the changes, and the button that makes them."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from carriers.history.actor import operator_of
from carriers.history.changes import Change, with_arrows
from carriers.snapshots.restore import RestoreRefused
from carriers.snapshots.state import MODELS, key_of
from carriers.wording.field_words import changes_in_words
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.roll_back import NotKept, password_sentences, preview_roll_back, roll_back
from kamailio_bridge.views.access import RELOAD_PERMISSION, VIEW_REVISION_PERMISSION, require_permissions

SHOWN_CHANGES = 500
_EDIT = (f"carriers.{verb}_{key_of(model)}" for model in MODELS for verb in ("add", "change", "delete"))
ROLL_BACK_PERMISSIONS = (RELOAD_PERMISSION, VIEW_REVISION_PERMISSION, *_EDIT)


@require_permissions(*ROLL_BACK_PERMISSIONS)
@require_http_methods(["GET", "POST"])
@never_cache
def roll_back_to(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a roll back to a revision changes; on POST make the changes, if they are still those that were seen."""
    revision = get_object_or_404(Revision, pk=number)
    try:
        restoration = preview_roll_back(revision)
        if request.method == "POST":
            if request.POST.get("seen") == _digest(restoration.changes):
                return _roll_back(request, revision)
            messages.warning(request, "Somebody saved since you saw what differs. This is what differs now.")
    except (NotKept, RestoreRefused) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:kamailio_bridge_revision_change", args=[number]))
    changes = restoration.changes
    context = {
        **admin.site.each_context(request),
        "title": f"Roll back to revision {number}",
        "revision": revision,
        "count": len(changes),
        "changes": [_change_context(change) for change in changes[:SHOWN_CHANGES]],
        "more_changes": max(0, len(changes) - SHOWN_CHANGES),
        "password_sentences": password_sentences(restoration),
        "seen": _digest(changes),
    }
    return TemplateResponse(request, "admin/kamailio_bridge/revision/roll_back.html", context)


def _change_context(change: Change) -> dict[str, Any]:
    changed = change.action == "changed"
    return {
        "sign": {"added": "+", "changed": "~", "deleted": "-"}[change.action],
        "kind": "removed" if change.action == "deleted" else change.action,
        "label": change.label,
        "verb": {"added": "comes back", "changed": "changes", "deleted": "is deleted"}[change.action],
        "details": with_arrows(changes_in_words(change.model, change.fields)) if changed else [],
    }


def _roll_back(request: HttpRequest, revision: Revision) -> HttpResponse:
    restoration = roll_back(revision=revision, author=operator_of(request))
    for sentence in password_sentences(restoration):
        messages.warning(request, sentence)
    messages.success(
        request,
        f"The carriers are as they were at revision {revision.number}. Kamailio is not, until you reload it.",
    )
    return HttpResponseRedirect(reverse("admin:waiting_changes"))


def _digest(changes: list[Change]) -> str:
    """Return a short text that identifies the changes."""
    text = "\n".join(f"{change.action} {change.model._meta.label} {change.pk} {change.fields}" for change in changes)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
