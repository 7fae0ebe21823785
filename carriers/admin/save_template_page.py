"""The page *Save as template* of a carrier group."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from carriers.forms.own_templates import SaveTemplateForm
from carriers.history.actor import operator_of
from carriers.models import CarrierGroup

ADD, CHANGE_STORED = "carriers.add_owntemplate", "carriers.change_owntemplate"


@csrf_protect
@require_http_methods(["GET", "POST"])
def save_template_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a name and for what the template asks; on POST save it."""
    if not request.user.has_perms([ADD, "carriers.view_carriergroup"]):
        raise PermissionDenied
    group = get_object_or_404(CarrierGroup, pk=pk)
    form = SaveTemplateForm(group, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if form.changes_stored() and not request.user.has_perm(CHANGE_STORED):
            form.add_error("name", "There is a template of this name, and you may not change templates.")
            saved = None
        else:
            saved = form.save(is_linked=request.user.has_perm("carriers.change_carriergroup"))
        if saved is not None:
            template, differs = saved
            flag = ADDITION if template.version == 1 else CHANGE
            if differs:
                done = f"Version {template.version} of the template “{template}” was saved."
                LogEntry.objects.log_actions(
                    operator_of(request).pk, [template], flag, change_message=[{"changed": {}}]
                )
            else:
                done = f"The template “{template}” has these settings already, as its version {template.version}."
            messages.success(request, f"{done} It is offered where carrier groups are added.")
            return HttpResponseRedirect(reverse("admin:carriers_owntemplate_change", args=[template.pk]))
    context = {
        **admin.site.each_context(request),
        "title": "Save as template",
        "opts": CarrierGroup._meta,
        "group": group,
        "form": form,
    }
    return TemplateResponse(request, "admin/carriers/carriergroup/save_template.html", context)
