"""Nodes in the admin: where each Kamailio is, and what it reports now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from carriers.history.actor import operator_of
from carriers.history.admin import HasHistory
from carriers.offered_lookups import OfferedLookups
from kamailio_bridge.apply.operations import retry
from kamailio_bridge.monitoring.status import last_answers
from kamailio_bridge.nodes.certificates.expiry import node_certificate
from kamailio_bridge.nodes.models import LOCAL_NAME, KamailioNode
from kamailio_bridge.nodes.rpc_url import local_rpc_url
from kamailio_bridge.views.access import RELOAD_PERMISSION
from kamailio_bridge.views.nodes import nodes_page
from kamailio_bridge.views.results import show_result

NOW = {
    "state": "now",
    "sentence": "in words",
    "revision": "revision",
    "uptime": "up for",
    "version": "version",
    "registrations": "registrations",
    "strangers": "strangers",
    "modules": "modules",
}


def _now(part: str) -> Any:
    """Make a column that the page fills after it is shown: asking a node may take a while."""

    @admin.display(description=NOW[part])
    def column(record: KamailioNode) -> SafeString:
        return format_html('<span data-node="{}" data-part="{}">…</span>', record.name, part)

    column.__name__ = f"now_{part}"
    return column


now_fields = tuple(map(_now, NOW))
now_state, _, now_revision, now_uptime, now_version, now_registrations, *_ = now_fields


@admin.register(KamailioNode)
class KamailioNodeAdmin(OfferedLookups, HasHistory):
    """Only superusers add and change nodes, which decides where the token is sent. Operators retry and enable nodes."""

    change_list_template = "admin/kamailio_bridge/kamailionode/change_list.html"
    change_form_template = "admin/kamailio_bridge/kamailionode/change_form.html"
    list_display = ("name", now_state, now_revision, now_uptime, now_version, now_registrations, "enabled", "rpc_url")
    ordering = ("name", "pk")
    actions = ("retry_selected",)
    fields = ("name", "rpc_url", "token_from", "time_limit", "enabled")
    now_fields = now_fields

    def get_fieldsets(self, request: HttpRequest, obj: KamailioNode | None = None) -> Any:
        where = (None, {"fields": self.fields})
        if obj is None:
            return [where]
        return [("Now", {"fields": (*self.now_fields, "last_answer")}), ("Where it is", {"fields": self.fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: KamailioNode | None = None) -> Any:
        """Keep the name: it must be that of Kamailio's environment, and it decides which node registers what."""
        return () if obj is None else ("name", *self.now_fields, "last_answer")

    def has_reload_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(RELOAD_PERMISSION))

    @admin.action(description="Retry selected nodes that are behind", permissions=["reload"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[KamailioNode]) -> HttpResponse:
        names = list(queryset.values_list("name", flat=True))
        result = retry(author=operator_of(request), names=names)
        return show_result(request, result, otherwise=nodes_page(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        local = None if KamailioNode.objects.exists() else {"name": LOCAL_NAME, "url": local_rpc_url()}
        certificates = [
            f"The {each.what} {each.warning if each.is_due else f'expires at {each.expires:%Y-%m-%d %H:%M} UTC.'}"
            for each in node_certificate()
        ]
        more = {"local": local, "now": NOW, "certificates": certificates, **(extra_context or {})}
        return super().changelist_view(request, more)

    @admin.display(description="last reload")
    def last_answer(self, record: KamailioNode) -> str:
        answer = last_answers().get(record.name)
        return render_to_string(
            "admin/kamailio_bridge/revision/node_answers.html", {"nodes": [answer] if answer is not None else []}
        )
