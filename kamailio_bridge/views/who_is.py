"""Who is this IP? A source address by the carriers, by Kamailio's tables, and by each node now."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kamailio_bridge.forms.questions import WhoIsForm
from kamailio_bridge.views.access import for_those_who_see_groups
from kamailio_bridge.who_is import who_is as ask


@for_those_who_see_groups
@require_GET
@never_cache
def who_is(request: HttpRequest) -> HttpResponse:
    """Show the form, and below it the answers to an address that was asked."""
    form = WhoIsForm(request.GET if "address" in request.GET else None)
    context = {
        **admin.site.each_context(request),
        "title": "Who is this IP?",
        "form": form,
        "who": ask(form.cleaned_data["address"]) if form.is_valid() else None,
    }
    return TemplateResponse(request, "admin/kamailio_bridge/who_is.html", context)
