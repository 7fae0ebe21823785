"""The live state of registrations, which pages ask for after they are shown, so that slow nodes delay no page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.nodes.node import configured_nodes
from kamailio_bridge.questions.registrations import Registration
from kamailio_bridge.questions.registrations import registrations as ask_for_registrations
from kamailio_bridge.views.access import VIEW_GROUP_PERMISSION, require_permissions

MOST_GROUPS = 200  # as many as the longest list shows


@require_permissions(VIEW_GROUP_PERMISSION)
@require_GET
@never_cache
def registrations(request: HttpRequest) -> HttpResponse:
    """Return the state of the groups in ``?group=1&group=2``, by key; those without credential are left out."""
    keys = [int(text) for text in request.GET.getlist("group")[:MOST_GROUPS] if text.isdecimal() and len(text) < 10]
    found = ask_for_registrations(read_groups(keys), configured_nodes())
    return JsonResponse({"registrations": {str(pk): _as_json(registration) for pk, registration in found.items()}})


def _as_json(registration: Registration) -> dict[str, str | None]:
    return {
        "state": registration.state,
        "severity": registration.severity,
        "words": registration.words,
        "sentence": registration.sentence,
        "realm": registration.realm if registration.state == "realm differs" else None,
        "realmOfCalls": registration.realm_of_calls,
    }
