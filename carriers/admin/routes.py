"""Outbound and inbound routes in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest

from carriers.admin.change_lists import ListAdmin
from carriers.admin.hooks import CallsHooks
from carriers.admin.simultaneous_edits.mixin import EditedTogether
from carriers.forms.routes import (
    KnownAutocompleteSelect,
    OrderedGroupForm,
    OrderedGroupFormSet,
    RouteCarrierFormSet,
)
from carriers.models import Endpoint, InboundRoute, InboundRouteCarrier, OutboundRoute, OutboundRouteGroup
from carriers.offered_lookups import OfferedLookups
from carriers.refusals import refusal_in_words

SHOWN_GROUPS = 5


class OrderedGroupInline(admin.TabularInline):
    model = OutboundRouteGroup
    form = OrderedGroupForm
    formset = OrderedGroupFormSet
    ordering = ("position", "pk")
    fields = OrderedGroupForm.Meta.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("group", "condition"):
            kwargs["widget"] = KnownAutocompleteSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboundRouteGroup]:
        return super().get_queryset(request).select_related("group", "condition")

    def get_extra(self, request: HttpRequest, obj: OutboundRoute | None = None, **kwargs: Any) -> int:
        """Offer a blank row to a new route; the link below the table adds more."""
        return 1 if obj is None else 0


class RefusedFilter(admin.SimpleListFilter):
    title = "destination of calls"
    parameter_name = "calls"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("carriers", "Lead to carrier groups"), ("refused", "Refused")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("carriers", "refused"):
            return queryset
        return queryset.filter(refuse_code__isnull=self.value() == "carriers")


@admin.register(OutboundRoute)
class OutboundRouteAdmin(OfferedLookups, CallsHooks, EditedTogether, ListAdmin):
    fields = ("prefix", "enabled", "condition", "refuse_code", "refuse_reason", "fall_through")
    inlines = (OrderedGroupInline,)
    autocomplete_fields = ("condition",)
    list_display = ("__str__", "shown_groups", "condition", "enabled")
    list_select_related = ("condition",)
    list_filter = ("enabled", RefusedFilter, "fall_through")
    search_fields = ("prefix", "groups__name")
    search_help_text = "Search by prefix or carrier group"
    ordering = ("prefix", "pk")
    empty_text = (
        "There is no outbound route yet, so no call can go out. Add one: a dialled prefix (blank for every number) and"
        " the carrier groups that get its calls, in order."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboundRoute]:
        called = Endpoint.objects.filter(group=OuterRef("group"), enabled=True).exclude(
            direction=Endpoint.Direction.INBOUND
        )
        entries = OutboundRouteGroup.objects.select_related("group", "condition").annotate(has_endpoint=Exists(called))
        first = entries.order_by("position", "pk")[: SHOWN_GROUPS + 1]
        return OutboundRoute.objects.order_by("prefix", "pk").prefetch_related(
            Prefetch("route_groups", queryset=first, to_attr="first_groups")
        )

    @admin.display(description="carrier groups, in order")
    def shown_groups(self, route: Any) -> str:
        """Where the calls go: to carrier groups, or what answers them."""
        if route.refuse_code is not None:
            return f"refused: {refusal_in_words(route.refuse_code, route.refuse_reason)}"
        flaws = [_flaw(entry) for entry in route.first_groups]
        names = [
            f"{entry.group.name}{_limits(entry)}{flaw}" for entry, flaw in zip(route.first_groups, flaws, strict=True)
        ]
        shown = ", then ".join(names[:SHOWN_GROUPS]) + (", …" if len(names) > SHOWN_GROUPS else "")
        if len(names) > SHOWN_GROUPS or not all(flaws):
            return shown
        calls = "fall through to a shorter prefix" if route.fall_through else "are answered 503"
        return f"{shown or 'none'}: its calls {calls}"


def _limits(entry: Any) -> str:
    words = [f"share {entry.share}"] if entry.share is not None else []
    words += [f"only if “{entry.condition}”"] if entry.condition is not None else []
    return f" ({', '.join(words)})" if words else ""


def _flaw(entry: Any) -> str:
    """Say why a carrier group of a route gets none of its calls, or return an empty text."""
    if not entry.group.enabled:
        return " (disabled)"
    return "" if entry.has_endpoint else " (no endpoint)"


class RouteCarrierInline(admin.TabularInline):
    model = InboundRouteCarrier
    formset = RouteCarrierFormSet
    fields = ("group", "pbx")
    ordering = ("pk",)
    autocomplete_fields = ("group", "pbx")
    extra = 0


@admin.register(InboundRoute)
class InboundRouteAdmin(OfferedLookups, CallsHooks, EditedTogether, ListAdmin):
    fields = ("prefix", "pbx", "enabled", "fall_through")
    inlines = (RouteCarrierInline,)
    autocomplete_fields = ("pbx",)
    list_display = ("__str__", "pbx", "shown_carriers", "enabled")
    list_filter = ("enabled", "fall_through")
    list_select_related = ("pbx",)
    search_fields = ("prefix", "pbx__name", "route_carriers__group__name")
    search_help_text = "Search by prefix, PBX or carrier group"
    ordering = ("prefix", "pk")
    empty_text = (
        "There is no inbound route yet, so carriers' calls reach nobody. Add one: the beginning of the called number"
        " (blank for every number) and the PBX that gets those calls."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundRoute]:
        first = InboundRouteCarrier.objects.select_related("group", "pbx").order_by("pk")[: SHOWN_GROUPS + 1]
        return InboundRoute.objects.order_by("prefix", "pk").prefetch_related(
            Prefetch("route_carriers", queryset=first, to_attr="first_carriers")
        )

    @admin.display(description="by carrier")
    def shown_carriers(self, route: Any) -> str:
        """Which carrier groups' calls go to another PBX."""
        words = [f"{entry.group} to {entry.pbx}" for entry in route.first_carriers]
        return ", ".join(words[:SHOWN_GROUPS]) + (", …" if len(words) > SHOWN_GROUPS else "") or "–"
