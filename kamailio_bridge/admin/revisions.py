"""Revisions in the admin: the record of what was applied, which nobody can change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from carriers.offered_lookups import OfferedLookups
from kamailio_bridge.revisions.models import KEPT_LINES, Revision
from kamailio_bridge.views.roll_back import ROLL_BACK_PERMISSIONS

SHOWN_CHANGES = 500


def _to_the_second(moment: datetime) -> str:
    """Format a time as logs do, with which it is compared."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S")


@admin.register(Revision)
class RevisionAdmin(OfferedLookups, admin.ModelAdmin):
    list_display = ("number", "shown_started", "author_name", "shown_outcome", "summary")
    list_filter = ("outcome", "started", "author_name")
    list_per_page = 50
    search_fields = ("=number", "author_name", "summary")
    search_help_text = "Search by number, author or summary"
    ordering = ("-number",)
    fields = (
        "number",
        "author_name",
        "shown_started",
        "shown_finished",
        "shown_outcome",
        "summary",
        "not_applied",
        "node_answers",
        "shown_changes",
    )
    readonly_fields = fields
    empty_text = "Kamailio was not reloaded yet. Each press of Reload Kamailio that changes something is recorded here."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Revision]:
        """Leave the long columns out of the list; the page of one revision loads them."""
        return Revision.objects.defer("changes", "nodes", "left_out").order_by("-number")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add whether the user may roll back, and whether a node is behind that can be retried."""
        newest = Revision.objects.not_failed().only("outcome").newest()
        context = {
            "may_roll_back": request.user.has_perms(ROLL_BACK_PERMISSIONS),
            "behind": newest is not None and (str(newest.pk), newest.outcome) == (object_id, Revision.Outcome.BEHIND),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Revision | None = None) -> bool:
        return False

    @admin.display(description="started", ordering="started")
    def shown_started(self, revision: Revision) -> str:
        return _to_the_second(revision.started)

    @admin.display(description="finished")
    def shown_finished(self, revision: Revision) -> str:
        return _to_the_second(revision.finished) if revision.finished else "not finished"

    @admin.display(description="outcome", ordering="outcome")
    def shown_outcome(self, revision: Revision) -> str:
        return revision.get_outcome_display()

    @admin.display(description="what the nodes answered")
    def node_answers(self, revision: Revision) -> str:
        return render_to_string("admin/kamailio_bridge/revision/node_answers.html", {"nodes": revision.nodes})

    @admin.display(description="not applied")
    def not_applied(self, revision: Revision) -> str:
        return " ".join(revision.left_out) or "nothing was left out"

    @admin.display(description="changed rows")
    def shown_changes(self, revision: Revision) -> str:
        changes: list[Any] = revision.changes
        if not changes and not revision.snapshot:
            return "They are not kept any more."
        count = len(changes)
        if count > KEPT_LINES:  # the last line has the number of further lines
            count = KEPT_LINES + int(changes[-1].split()[1])
        context = {"lines": changes[:SHOWN_CHANGES], "more_lines": max(0, count - SHOWN_CHANGES)}
        return render_to_string("admin/kamailio_bridge/lines.html", context)
