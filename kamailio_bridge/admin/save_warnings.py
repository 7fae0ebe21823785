"""Warnings after an object of the carriers is saved: which calls the change ends, and whom it admits."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from django.contrib import messages
from django.db.models import Model
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

# Fields whose change may end calls or registrations. Other edits are not checked, because a check reads all carriers.
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
        "condition",
    }
)
# Fields whose change may admit somebody. This check reads all carriers, too.
ADMITTING_FIELDS = frozenset({"enabled", "direction", "host", "network"})
SHOWN_LOSSES = 10
SILENT_PBX = "has no source networks, so it gets calls but may not make any: open it, and add those that it calls from."


# The carriers before a page was saved, as long as its form exists.
_before: WeakKeyDictionary[ModelForm, Carriers] = WeakKeyDictionary()


def remember_before_fields(_request: HttpRequest, form: ModelForm) -> None:
    """Remember the carriers before an object is written, if a change of its fields may end something."""
    if _may_end_something(form):
        _before[form] = read_carriers()


def remember_before_rows(_request: HttpRequest, form: ModelForm, formsets: Sequence[BaseModelFormSet]) -> None:
    """Remember the carriers before rows are written, if their change may end something."""
    if form not in _before and any(map(_rows_may_end_something, formsets)):
        _before[form] = read_carriers()


def warn_of_edit(request: HttpRequest, form: ModelForm, formsets: Sequence[BaseModelFormSet]) -> None:
    """Say which networks of an object overlap with others, if an edit may admit somebody, and which calls it ended."""
    before, tag = _before.pop(form, None), _tag_of(form.instance)
    may_admit = "enabled" in form.changed_data or any(map(_rows_may_admit_somebody, formsets))
    if before is None and not (tag and may_admit):
        return
    after = read_carriers()
    if tag and may_admit:
        _warn_of_overlaps(request, after, tag)
    if before is not None:
        _warn(request, losses(before, after))


def warn_of_gaps(request: HttpRequest, obj: Model) -> None:
    """Say which networks of a new object overlap with others, and where it has a gap.

    A gap is a PBX that may not call, or a route without a carrier.
    """
    if tag := _tag_of(obj):
        _warn_of_overlaps(request, read_carriers(), tag)
    if isinstance(obj, PBX) and obj.enabled and not obj.sources.exists():
        _warn(request, [Notice(pbx_label(obj), SILENT_PBX)])
    if isinstance(obj, OutboundRoute) and _lacks_a_carrier(obj):
        _warn(request, list(outbound_route_warnings(read_carriers(), obj.pk)))


def _tag_of(obj: Model) -> str:
    """Return the tag of an object's address rows, "" for an object that has none."""
    tags: dict[type[Model], str] = {CarrierGroup: group_tag(obj.pk), PBX: pbx_tag(obj.pk)}
    return tags.get(type(obj), "")


def _warn_of_overlaps(request: HttpRequest, carriers: Carriers, tag: str) -> None:
    rows = admission_rows(carriers)
    _warn(request, [*everybody_warnings(rows, tag), *overlap_warnings(rows, tag)])


def _rows_may_admit_somebody(formset: BaseModelFormSet) -> bool:
    """Say whether rows are added, or changed in fields that admit sources of calls."""
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
