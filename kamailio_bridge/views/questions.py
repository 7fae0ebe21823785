"""Questions to the carriers, Kamailio's tables and the nodes: where does a call go, and who is this IP?"""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kamailio_bridge.forms.questions import QuestionForm, RouteTestForm, WhoIsForm
from kamailio_bridge.questions import route_lookup as routes
from kamailio_bridge.questions import who_is as sources
from kamailio_bridge.questions.route_prediction import minute_of
from kamailio_bridge.views.access import require_group_viewer


@require_group_viewer
@require_GET
@never_cache
def route_test(request: HttpRequest) -> HttpResponse:
    """Show the form, and below it the answers for the number entered."""
    form = RouteTestForm(_asked(request, RouteTestForm))
    answer = None
    if form.is_valid():
        pbx, at = form.cleaned_data["pbx"], form.cleaned_data["at"]
        answer = routes.route_test(
            form.cleaned_data["number"],
            pbx=pbx.pk if pbx is not None else None,
            at=minute_of(at) if at is not None else None,
        )
    return _page(request, "route_test", "Route test", form, answer)


@require_group_viewer
@require_GET
@never_cache
def who_is(request: HttpRequest) -> HttpResponse:
    """Show the form, and below it the answers for the address entered."""
    form = WhoIsForm(_asked(request, WhoIsForm))
    answer = sources.who_is(form.cleaned_data["address"]) if form.is_valid() else None
    return _page(request, "who_is", "Who is this IP?", form, answer)


def _asked(request: HttpRequest, form: type[QuestionForm]) -> dict[str, str] | None:
    """Return the data that binds the form, None before a question was entered."""
    return request.GET.dict() if form.question in request.GET else None


def _page(request: HttpRequest, name: str, title: str, form: QuestionForm, answer: object) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, "form": form, "answer": answer}
    return TemplateResponse(request, f"admin/kamailio_bridge/{name}.html", context)
