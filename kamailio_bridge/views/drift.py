"""The page of rows that somebody changed outside this product, and the two buttons: restore, or accept."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from carriers.history.actor import operator_of
from carriers.labels import object_label
from kamailio_bridge.apply.accept_drift import DriftChanged, accept_drift
from kamailio_bridge.apply.lock import Busy, LockLost
from kamailio_bridge.apply.operations import restore as restore_rows
from kamailio_bridge.drift.accept import can_accept
from kamailio_bridge.drift.compare import LOOK_SECONDS, read_drift, read_node_drift
from kamailio_bridge.modules.acceptance.accepted import CannotAccept
from kamailio_bridge.rows.row_drift import RowDrift
from kamailio_bridge.views.access import RELOAD_PERMISSION, require_operator, require_permissions
from kamailio_bridge.views.results import show_result

SHOWN_ROWS = 200
ACCEPT_PERMISSIONS = (
    RELOAD_PERMISSION,
    *(
        f"carriers.change_{name}"
        for name in ("carriergroup", "endpoint", "pbx", "sourcenetwork", "outboundroute", "inboundroute")
    ),
    *(f"carriers.add_{name}" for name in ("endpoint", "sourcenetwork")),
    "carriers.delete_sourcenetwork",
    *(f"carriers.{verb}_outboundroutegroup" for verb in ("add", "change", "delete")),
)


@require_operator
@require_GET
@never_cache
def drift(request: HttpRequest) -> HttpResponse:
    """Show the rows that differ from the last revision. A script asks for the nodes' memory afterwards."""
    found = read_drift()
    may_accept = request.user.has_perms(ACCEPT_PERMISSIONS)
    context = {
        **admin.site.each_context(request),
        "title": "Drift",
        "drift": found,
        "rows": [_row_context(row, may_accept=may_accept) for row in found.rows[:SHOWN_ROWS]],
        "more_rows": max(0, len(found.rows) - SHOWN_ROWS),
        "seen": found.digest,
    }
    return TemplateResponse(request, "admin/kamailio_bridge/drift.html", context)


def _row_context(row: RowDrift, *, may_accept: bool) -> dict[str, Any]:
    return {
        "label": row.label,
        "table": row.table.name,
        "pk": row.pk,
        "kind": row.kind,
        "columns": row.columns,
        "may_be_accepted": may_accept and can_accept(row),
    }


@require_operator
@require_GET
@never_cache
def drift_of_nodes(_request: HttpRequest) -> HttpResponse:
    """Return how each node's memory differs: ``{"nodes": [{"name": "a", "differences": [], "unknown": ""}]}``."""
    nodes = read_node_drift(read_drift(), LOOK_SECONDS)
    return JsonResponse(
        {"nodes": [{"name": n.name, "differences": n.differences, "unknown": n.unknown} for n in nodes]}
    )


@require_operator
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    """Restore the rows of the last revision, if the drift is still what was seen."""
    result = restore_rows(author=operator_of(request), seen=request.POST.get("seen") or None)
    return show_result(request, result, otherwise="admin:drift" if result.revision is None else "admin:waiting_changes")


@require_permissions(*ACCEPT_PERMISSIONS)
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Accept one row into the carriers, if the drift is still what was seen. It is then a pending change."""
    user = operator_of(request)
    table, key, seen = (request.POST.get(name, "") for name in ("table", "row", "seen"))
    try:
        changed = accept_drift(author=user, table=table, key=key, seen=seen)
    except (Busy, DriftChanged) as ended:
        messages.warning(request, str(ended))
        return HttpResponseRedirect(reverse("admin:drift"))
    except (CannotAccept, LockLost) as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:drift"))
    message = f"Accepted from row {key} of the table {table}."
    LogEntry.objects.log_actions(user.pk, [changed], CHANGE, change_message=message)
    messages.success(request, f"The {object_label(changed)} is as the row is. Reload Kamailio to make it a revision.")
    return HttpResponseRedirect(reverse("admin:waiting_changes"))
