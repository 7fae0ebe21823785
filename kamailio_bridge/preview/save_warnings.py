"""Say after saving what the change takes away, for the admins of the carriers, which know nothing of Kamailio."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from carriers.labels import pbx_label
from carriers.models import PBX, CarrierGroup, Endpoint, OutboundRoute
from carriers.snapshots.records import Carriers, read_carriers
from kamailio_bridge.modules.sources.admission_rows import admission_rows
from kamailio_bridge.modules.sources.everybody import everybody_warnings
from kamailio_bridge.modules.sources.overlaps import overlap_warnings
from kamailio_bridge.plan.rules import outbound_route_warnings
from kamailio_bridge.preview.losses import losses
from kamailio_bridge.rows.marks import group_tag, pbx_tag
from kamailio_bridge.rows.types import Notice

# Fields whose change may end something that is in force. All carriers are read for it, so not for every edit.
ENDING_FIELDS = frozenset(
    {
        "enabled",
        "direction",
        "host",
        "register",
        "network",
        "group",
        "pbx",
        "prefix",
        "refuse_code",
        "refuse_reason",
        "fall_through",
    }
)
# Fields whose change may let somebody in. All carriers are read for it, too.
ADMITTING_FIELDS = frozenset({"enabled", "direction", "host", "network"})
SHOWN_LOSSES = 10
SILENT_PBX = "has no source networks, so it gets calls but may not make any: open it, and add those that it calls from."


class WarnsOfLosses(admin.ModelAdmin):
    """Put in front of an admin of the carriers: it compares what is in force before and after an edit."""

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: Any) -> None:
        if change and _may_end_something(form):
            form.carriers_before = read_carriers()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: Any
    ) -> None:
        before: Carriers | None = getattr(form, "carriers_before", None)
        if before is None and change and any(map(_rows_may_end_something, formsets)):
            before = read_carriers()
        super().save_related(request, form, formsets, change)
        if before is not None:
            _warn(request, losses(before, read_carriers()))


class WarnsOfOverlaps(admin.ModelAdmin):
    """Put in front of an admin of the carriers: it says which networks of an object are another's, too.

    Of what is new it says as well where calls have a gap: a PBX that may not call, a route without a carrier.
    """

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_addition(request, obj, message)
        self._warn_of_overlaps(request, obj)
        if isinstance(obj, PBX) and obj.enabled and not obj.sources.exists():
            _warn(request, [Notice(pbx_label(obj), SILENT_PBX)])
        if isinstance(obj, OutboundRoute) and _lacks_a_carrier(obj):
            _warn(request, list(outbound_route_warnings(read_carriers(), obj.pk)))
        return entry

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: Any
    ) -> None:
        super().save_related(request, form, formsets, change)
        if change and ("enabled" in form.changed_data or any(map(_rows_may_admit_somebody, formsets))):
            self._warn_of_overlaps(request, form.instance)

    def _warn_of_overlaps(self, request: HttpRequest, obj: Any) -> None:
        tags = {CarrierGroup: group_tag(obj.pk), PBX: pbx_tag(obj.pk)}
        tag = tags.get(type(obj))
        if tag is not None:
            rows = admission_rows(read_carriers())
            _warn(request, [*everybody_warnings(rows, tag), *overlap_warnings(rows, tag)])


def _rows_may_admit_somebody(formset: BaseModelFormSet) -> bool:
    """Say whether rows are added, or changed in what says from where calls may come."""
    is_added = any(form.has_changed() for form in formset.extra_forms)
    return is_added or any(not ADMITTING_FIELDS.isdisjoint(form.changed_data) for form in formset.initial_forms)


def _lacks_a_carrier(route: OutboundRoute) -> bool:
    called = Endpoint.objects.filter(enabled=True, group__enabled=True, group__in=route.groups.all())
    return route.refuse_code is None and not called.exclude(direction=Endpoint.Direction.INBOUND).exists()


def _may_end_something(form: ModelForm) -> bool:
    return not ENDING_FIELDS.isdisjoint(form.changed_data)


def _rows_may_end_something(formset: BaseModelFormSet) -> bool:
    edited = [form for form in formset.initial_forms if form.has_changed()]
    return bool(formset.deleted_forms) or any(map(_may_end_something, edited))


def _warn(request: HttpRequest, notices: list[Notice]) -> None:
    if not notices:
        return
    items = format_html_join("", "<li>{}</li>", ((str(notice),) for notice in notices[:SHOWN_LOSSES]))
    rest = len(notices) - SHOWN_LOSSES
    more = format_html("<li>and {} more</li>", rest) if rest > 0 else ""
    messages.warning(request, format_html("Once Kamailio is reloaded:<ul>{}{}</ul>", items, more))
