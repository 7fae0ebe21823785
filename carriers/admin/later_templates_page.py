"""The page that offers a group the later version of its template, as a difference to take or to leave."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from carriers.documents import DocumentRefused
from carriers.group_templates.later_templates import accept_template, decline_template, later_template, preview_template
from carriers.history.actor import operator_of
from carriers.models import CarrierGroup


@require_http_methods(["GET", "POST"])
def later_template_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the differences; on POST take them, or note that they are not wanted."""
    if not request.user.has_perms([f"carriers.change_{name}" for name in ("carriergroup", "endpoint")]):
        raise PermissionDenied
    group = get_object_or_404(CarrierGroup, pk=pk)
    back = HttpResponseRedirect(reverse("admin:carriers_carriergroup_change", args=[group.pk]))
    provider = later_template(group)
    if provider is None:
        messages.info(request, "There is no later version of this group's template.")
        return back
    try:
        if request.method == "GET":
            context = {
                **admin.site.each_context(request),
                "title": f"{provider.title}, version {provider.version}",
                "opts": CarrierGroup._meta,
                "group": group,
                "update": preview_template(group, provider),
            }
            return TemplateResponse(request, "admin/carriers/carriergroup/later_template.html", context)
        if "accept" in request.POST:
            accept_template(group, provider)
            done = f"The group has what version {provider.version} of its template sets, from the next reload on."
        else:
            decline_template(group, provider)
            done = f"The group stays as it is. Version {provider.version} of its template is offered no more."
    except DocumentRefused as refused:
        messages.error(request, f"Version {provider.version} does not fit this group: {' '.join(refused.problems)}")
        return back
    LogEntry.objects.log_actions(operator_of(request).pk, [group], CHANGE, change_message=[{"changed": {}}])
    messages.success(request, done)
    return back
