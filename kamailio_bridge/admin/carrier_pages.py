"""Parts of the carriers' pages that concern Kamailio; ``kamailio_bridge.carrier_hooks`` adds them.

The hooks get the context of each page of the carriers; all but the consequences are only for carrier groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import Script
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from carriers.admin.hooks import Column
from carriers.models import CarrierGroup
from carriers.snapshots.some_groups import read_groups
from kamailio_bridge.collector.models import HostName
from kamailio_bridge.modules.policies.admitted_names import names_of
from kamailio_bridge.nodes.certificates.expiry import group_certificates
from kamailio_bridge.preview.deletion import consequences_of


@admin.display(description="registration")
def registration(group: Any) -> str:
    """Return a placeholder: a script asks the nodes for the registration after the page is shown."""
    if group.authentication_kind != "password":
        return "–"
    return format_html('<span class="registration" data-group="{}">…</span>', group.pk)


def list_columns(model: type[Model]) -> Sequence[Column]:
    return [registration] if model is CarrierGroup else []


def list_media(context: dict[str, Any]) -> str:
    return _html(_registrations_script()) if _is_of_groups(context) else ""


def list_tools(context: dict[str, Any]) -> str:
    if not (context.get("may_reload") and _is_of_groups(context)):
        return ""
    return format_html("<li>{}</li>", render_to_string("admin/kamailio_bridge/reload_button.html", context))


def page_media(context: dict[str, Any]) -> str:
    if not _is_of_groups(context):
        return ""
    tests = [Script("dsiprouter/test_carrier.js", type="module")] if context["has_change_permission"] else []
    return _html(_registrations_script(), *tests)


def page_extras(context: dict[str, Any]) -> str:
    if not _is_of_groups(context):
        return ""
    group = context["original"]
    due = [f"{each.warning[:1].upper()}{each.warning[1:]}" for each in group_certificates(group) if each.is_due]
    names = [*due, *_where_names_lead(group)]
    return render_to_string("admin/kamailio_bridge/carrier_group/live.html", {**context, "names": names})


def _where_names_lead(group: CarrierGroup | None) -> list[str]:
    """Say of each host name of a stored group where it leads."""
    record = read_groups([group.pk]).groups.get(group.pk) if group is not None and group.pk else None
    wanted = names_of(record) if record is not None else {}
    known = {host.name: host.sentence for host in HostName.objects.filter(name__in=wanted)}
    return [known.get(name, f"{name} was not resolved yet: that begins when it was applied.") for name in wanted]


def consequences(context: dict[str, Any]) -> str:
    """Name the calls that would fail if an object, or several, were deleted or disabled."""
    objects = context["objects"]
    notices = consequences_of([objects] if isinstance(objects, Model) else objects)
    return render_to_string("admin/kamailio_bridge/consequences.html", {"notices": notices})


def _is_of_groups(context: dict[str, Any]) -> bool:
    return context["opts"].model is CarrierGroup


def _registrations_script() -> Script:
    data = {"id": "ask-registrations", "data-url": reverse("admin:registrations")}
    return Script("dsiprouter/registrations.js", type="module", **data)


def _html(*scripts: Script) -> str:
    return format_html_join("\n", "{}", ((script,) for script in scripts))
