"""The built-in admin site under the product's name, with Reload Kamailio in the header of every page."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from carriers.databases.deadlocks import retry_after_deadlock
from carriers.django_internals import drop_new_messages
from dsiprouter.admin_site.first_steps import first_steps
from dsiprouter.logins.form import LoginForm, SecondFactorLoginForm
from dsiprouter.logins.name_delays import remember_browser
from dsiprouter.logins.session_views import end_session, sessions
from kamailio_bridge.urls import admin_urls
from kamailio_bridge.views.access import RELOAD_PERMISSION, VIEW_GROUP_PERMISSION

# The order of the index: what an operator needs first. Other models follow in Django's order.
APP_ORDER = ("carriers", "kamailio_bridge", "history", "auth")
PAGES = (("Route test", "route_test"), ("Who is this IP?", "who_is"))
MODEL_ORDER = ("CarrierGroup", "OutboundRoute", "PBX", "InboundRoute", "Condition")


def _rank(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


class DsiprouterAdminSite(AdminSite):
    site_title = "dSIPRouter"
    site_header = "dSIPRouter"
    index_title = "Carriers and routing"
    site_url = None  # there is no site besides the admin

    @property
    def login_form(self) -> type[AuthenticationForm]:  # type: ignore[override]  # asked at each login
        return SecondFactorLoginForm if settings.DSIPROUTER_SECOND_FACTOR else LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Admit staff, and with ``DSIPROUTER_SECOND_FACTOR`` only those who logged in with it."""
        if not super().has_permission(request):
            return False
        return not settings.DSIPROUTER_SECOND_FACTOR or request.user.is_verified()  # type: ignore[union-attr]

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("sessions/", self.admin_view(sessions), name="sessions"),
            path("sessions/end/", self.admin_view(end_session), name="end_sessions"),
        ]
        return [*own, *admin_urls(self), *super().get_urls()]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Remember the browser of a user who logs in."""
        before = request.user.is_authenticated
        response = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated and not before:
            remember_browser(response, request)
        return response

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Retry a view whose transaction the database rolled back in a deadlock: nothing of it was stored."""

        @wraps(view)
        def repeated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return retry_after_deadlock(
                lambda: view(request, *args, **kwargs), before_retry=lambda: drop_new_messages(request)
            )

        return super().admin_view(repeated, cacheable)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Tell every page whether its header has the button. The plan is not made here, because it costs too much."""
        context = super().each_context(request)
        return {**context, "may_reload": context["has_permission"] and request.user.has_perm(RELOAD_PERMISSION)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"first_steps": first_steps(request.user), **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["models"].sort(key=lambda model: _rank(model["object_name"], MODEL_ORDER))
            if app["app_label"] == "carriers" and request.user.has_perm(VIEW_GROUP_PERMISSION):
                app["models"] += [_page(*page) for page in PAGES]
            if app["app_label"] == "kamailio_bridge" and request.user.has_perm(RELOAD_PERMISSION):
                app["models"].append(_page("Drift", "drift"))
        return sorted(apps, key=lambda app: _rank(app["app_label"], APP_ORDER))


def _page(title: str, url_name: str) -> dict[str, Any]:
    """Return an entry for a page beside the models in the index and the sidebar."""
    return {
        "name": title,
        "object_name": url_name,
        "perms": {"view": True},
        "admin_url": reverse(f"admin:{url_name}"),
        "add_url": None,
        "view_only": True,
    }
