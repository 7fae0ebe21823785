"""Conditions of routes in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from carriers.admin.change_lists import ListAdmin
from carriers.admin.hooks import CallsHooks
from carriers.admin.simultaneous_edits.mixin import EditedTogether
from carriers.forms.conditions import ConditionForm, ConditionPBXFormSet
from carriers.models import Condition, ConditionPBX
from carriers.offered_lookups import OfferedLookups

SHOWN_PBXS = 5


class ConditionPBXInline(admin.TabularInline):
    model = ConditionPBX
    formset = ConditionPBXFormSet
    fields = ("pbx",)
    ordering = ("pk",)
    autocomplete_fields = ("pbx",)
    extra = 0


@admin.register(Condition)
class ConditionAdmin(OfferedLookups, CallsHooks, EditedTogether, ListAdmin):
    form = ConditionForm
    fields = ConditionForm.Meta.fields
    inlines = (ConditionPBXInline,)
    list_display = ("name", "shown_pbxs", "shown_times")
    search_fields = ("name", "hours", "condition_pbxs__pbx__name")
    search_help_text = "Search by name, hours or PBX"
    ordering = ("name", "pk")
    empty_text = (
        "There is no condition yet. A condition limits an outbound route, or one of its carrier groups, to the calls of"
        " some PBXs or to some hours of the week."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Condition]:
        first = ConditionPBX.objects.select_related("pbx").order_by("pk")[: SHOWN_PBXS + 1]
        return Condition.objects.order_by("name", "pk").prefetch_related(
            Prefetch("condition_pbxs", queryset=first, to_attr="first_pbxs")
        )

    @admin.display(description="PBXs")
    def shown_pbxs(self, condition: Any) -> str:
        if condition.any_pbx:
            return "every PBX"
        names = [str(each) for each in condition.first_pbxs]
        rest = ", …" if len(names) > SHOWN_PBXS else ""
        return ", ".join(names[:SHOWN_PBXS]) + rest if names else "none: no call meets it"

    @admin.display(description="times")
    def shown_times(self, condition: Condition) -> str:
        if not condition.hours and not condition.holidays:
            return "always"
        hours = condition.hours or "always"
        if condition.holidays:
            hours = f"{hours}; not on {condition.holidays}"
        return f"{'outside ' if condition.outside else ''}{hours} ({condition.time_zone})"
