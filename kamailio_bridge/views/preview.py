"""The page before a reload: what it changes and ends, who saved it, and the button to go ahead."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from carriers.databases.errors import sentence_of
from carriers.history.recording import changes_not_applied
from kamailio_bridge.apply.reload_nodes import verified_nodes
from kamailio_bridge.nodes.node import configured_nodes
from kamailio_bridge.plan.statements import rpc_calls, sql_statements
from kamailio_bridge.preview.carrier_changes import Change
from kamailio_bridge.preview.summary import Preview, make_preview
from kamailio_bridge.tables.reading import TablesUnreadable
from kamailio_bridge.views.access import require_operator

# A page can't show a hundred thousand lines; manage.py plan_kamailio does.
SHOWN_CHANGES = 200
SHOWN_DETAILS = 40
SHOWN_LINES = 500
SHOWN_ENTRIES = 50


@require_operator
@require_GET
@never_cache
def preview(request: HttpRequest) -> HttpResponse:
    """Show what the next apply would change, with problems and warnings."""
    made: Preview | None = None
    unreadable = ""
    try:
        made = make_preview()
    except TablesUnreadable as error:
        unreadable = str(error)
    except DatabaseError as error:
        unreadable = sentence_of(error)
    context = {
        **admin.site.each_context(request),
        "title": "Reload Kamailio",
        "unreadable": unreadable,
        "preview": made,
        "plan": made.plan if made else None,
        **(_preview_context(made) if made else {}),
    }
    return TemplateResponse(request, "admin/kamailio_bridge/preview.html", context)


def _preview_context(preview: Preview) -> dict[str, Any]:
    changes = preview.changes or []
    return {
        "changes": [_change_context(change) for change in changes[:SHOWN_CHANGES]],
        "more_changes": max(0, len(changes) - SHOWN_CHANGES),
        "lines": preview.plan.lines(SHOWN_LINES)[:SHOWN_LINES],
        "more_lines": max(0, preview.plan.count - SHOWN_LINES),
        "history": changes_not_applied(limit=SHOWN_ENTRIES),
        "expert": _expert_context(preview) if preview.plan.count <= SHOWN_LINES else None,
    }


def _change_context(change: Change) -> dict[str, Any]:
    return {
        "sign": change.sign,
        "kind": {"+": "added", "-": "removed"}.get(change.sign, "changed"),
        "subject": change.subject,
        "text": "" if change.sign == "~" else change.text,
        # An arrow of one character, because browsers may break a line within one of two.
        "details": [detail.replace(" -> ", " → ") for detail in change.details[:SHOWN_DETAILS]],
        "more_details": max(0, len(change.details) - SHOWN_DETAILS),
    }


def _expert_context(preview: Preview) -> dict[str, Any]:
    """Return the statements of an apply, and each node's commands."""
    verified = verified_nodes(preview.revision.number) if preview.revision else set()
    return {
        "statements": list(sql_statements(preview.plan)),
        "nodes": [
            {
                "name": node.name,
                "known": node.name in verified,
                "calls": rpc_calls(preview.plan, node, known=node.name in verified),
            }
            for node in configured_nodes()
        ],
    }
