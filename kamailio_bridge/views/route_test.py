"""The route test: where a number goes by the carriers, by Kamailio's tables, and by each node now."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kamailio_bridge.forms.questions import RouteTestForm
from kamailio_bridge.route_test import route_test as ask
from kamailio_bridge.views.access import for_those_who_see_groups


@for_those_who_see_groups
@require_GET
@never_cache
def route_test(request: HttpRequest) -> HttpResponse:
    """Show the form, and below it the answers to a number that was asked."""
    form = RouteTestForm(request.GET if "number" in request.GET else None)
    context = {
        **admin.site.each_context(request),
        "title": "Route test",
        "form": form,
        "test": ask(form.cleaned_data["number"]) if form.is_valid() else None,
    }
    return TemplateResponse(request, "admin/kamailio_bridge/route_test.html", context)
