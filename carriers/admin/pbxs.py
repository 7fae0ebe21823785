"""PBXs in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from carriers.admin.change_lists import ListAdmin
from carriers.admin.hooks import CallsHooks
from carriers.admin.inlines import PBXSourceInline
from carriers.admin.simultaneous_edits.mixin import EditedTogether
from carriers.admin.topics import topic_fieldsets
from carriers.forms.pbxs import PBXForm
from carriers.models import PBX, SourceNetwork
from carriers.models.topics.registry import PBX_TOPICS
from carriers.offered_lookups import OfferedLookups

SHOWN_SOURCES = 3


@admin.register(PBX)
class PBXAdmin(OfferedLookups, CallsHooks, EditedTogether, ListAdmin):
    form = PBXForm
    inlines = (PBXSourceInline,)
    list_display = ("name", "address", "shown_sources", "enabled")
    list_filter = ("enabled", "transport")
    search_fields = ("name", "host", "sources__network")
    search_help_text = "Search by name, address or source network"
    ordering = ("name", "pk")
    empty_text = (
        "There is no PBX yet. A PBX is a switch on the customer's side: add one with the networks that it calls from,"
        " so that its calls are let in."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[PBX]:
        first = SourceNetwork.objects.order_by("pk")[: SHOWN_SOURCES + 1]
        return PBX.objects.order_by("name", "pk").prefetch_related(
            Prefetch("sources", queryset=first, to_attr="first_sources")
        )

    def get_fieldsets(self, request: HttpRequest, obj: PBX | None = None) -> Any:
        """Return the fields that every PBX needs, and a folded fieldset for each topic."""
        return [(None, {"fields": PBXForm.Meta.fields}), *topic_fieldsets(obj, PBX, PBX_TOPICS)]

    @admin.display(description="address", ordering="host")
    def address(self, pbx: PBX) -> str:
        return pbx.address

    @admin.display(description="source networks")
    def shown_sources(self, pbx: Any) -> str:
        networks = [source.network for source in pbx.first_sources]
        if not networks:
            return "none: it can't call"
        rest = ", …" if len(networks) > SHOWN_SOURCES else ""
        return ", ".join(networks[:SHOWN_SOURCES]) + rest
