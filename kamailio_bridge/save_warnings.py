"""Say after saving what the change takes away, for the admins of the carriers, which know nothing of Kamailio."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from carriers.models import PBX, CarrierGroup
from carriers.snapshot import Carriers, read_carriers
from kamailio_bridge.losses import losses
from kamailio_bridge.modules.overlaps import overlap_warnings
from kamailio_bridge.modules.permissions import ADDRESSES, PermissionsModule
from kamailio_bridge.rows import Notice

# Fields whose change may end something that is in force. All carriers are read for it, so not for every edit.
ENDING_FIELDS = frozenset({"enabled", "direction", "host", "register", "network", "group", "pbx", "prefix"})
SHOWN_LOSSES = 10


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
    """Put in front of an admin of carrier groups or PBXs: it says which of its networks are another's, too."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_addition(request, obj, message)
        self._warn_of_overlaps(request, obj)
        return entry

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_change(request, obj, message)
        if _may_admit_somebody(message):
            self._warn_of_overlaps(request, obj)
        return entry

    def _warn_of_overlaps(self, request: HttpRequest, obj: Any) -> None:
        tags = {CarrierGroup: f"carrier-{obj.pk}", PBX: f"pbx-{obj.pk}"}
        tag = tags.get(type(obj))
        if tag is not None:
            rows = PermissionsModule().project(read_carriers(), ()).rows[ADDRESSES].values()
            _warn(request, overlap_warnings(rows, tag))


def _may_admit_somebody(message: Any) -> bool:
    """Say whether a history entry adds or changes a source network or an endpoint, or enables something."""
    parts = [part for entry in message if isinstance(entry, dict) for part in entry.values()]
    names = {part.get("name") for part in parts}
    fields = {field for part in parts for field in part.get("fields", ())}
    return not names.isdisjoint({"endpoint", "source network"}) or "Enabled" in fields


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
