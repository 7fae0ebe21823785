"""The operator's own templates in the admin: renamed, deleted, imported and exported here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import re_path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET

from carriers.admin.change_lists import ListAdmin
from carriers.admin.hooks import CallsHooks
from carriers.forms.own_templates import ImportTemplateForm
from carriers.group_templates.files import template_file
from carriers.history.actor import operator_of
from carriers.models import CarrierGroup, OwnTemplate
from carriers.offered_lookups import OfferedLookups
from carriers.offered_templates import saved_provider
from carriers.providers.provider import settings_in_words


@admin.register(OwnTemplate)
class OwnTemplateAdmin(OfferedLookups, CallsHooks, ListAdmin):
    list_display = ("name", "slug", "version", "date", "groups")
    search_fields = ("name", "slug")
    search_help_text = "Search by name"
    ordering = ("name", "pk")
    fields = ("name", "about", "source", "slug", "version", "date", "asks_for", "shown_settings")
    readonly_fields = ("slug", "version", "date", "asks_for", "shown_settings")
    empty_text = (
        "There is no template of your own yet. Open a carrier group and press Save as template, or import a file here."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OwnTemplate]:
        made = CarrierGroup.objects.filter(template=OuterRef("slug")).order_by().values("template")
        counts = Coalesce(Subquery(made.annotate(count=Count("pk")).values("count")), 0)
        return OwnTemplate.objects.annotate(group_count=counts).order_by("name", "pk")

    @admin.display(description="carrier groups made from it", ordering="group_count")
    def groups(self, template: Any) -> int:
        return int(template.group_count)

    @admin.display(description="asks for")
    def asks_for(self, template: OwnTemplate) -> str:
        return ", ".join(question.label for question in saved_provider(template).asks) or "nothing"

    @admin.display(description="sets")
    def shown_settings(self, template: OwnTemplate) -> str:
        return format_html("<pre>{}</pre>", settings_in_words(saved_provider(template)))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.download_view)
        return [
            re_path(r"^(?P<pk>[0-9]{1,9})/file/$", view, name="carriers_owntemplate_file"),
            *super().get_urls(),
        ]

    @method_decorator(require_GET)
    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the template as a file that can be imported, or put into the folder ``providers/``."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        template = get_object_or_404(OwnTemplate, pk=pk)
        headers = {"Content-Disposition": f'attachment; filename="{template.slug}.yaml"'}
        return HttpResponse(template_file(template), content_type="application/yaml; charset=utf-8", headers=headers)

    @method_decorator(csrf_protect)
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Import a file: other templates are saved on the page of a carrier group."""
        if not self.has_add_permission(request) or not self.has_change_permission(request):
            raise PermissionDenied
        is_post = request.method == "POST"
        form = ImportTemplateForm(request.POST if is_post else None, request.FILES if is_post else None)
        saved = form.save() if form.is_bound and form.is_valid() else None
        if saved is not None:
            template, differs = saved
            if differs:
                flag = ADDITION if template.version == 1 else CHANGE
                LogEntry.objects.log_actions(operator_of(request).pk, [template], flag, change_message=[{"added": {}}])
                messages.success(request, f"Version {template.version} of the template “{template}” was imported.")
            else:
                messages.success(request, f"The template “{template}” has these settings already.")
            return HttpResponseRedirect(reverse("admin:carriers_owntemplate_change", args=[template.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Import a template",
            "opts": self.opts,
            "form": form,
            "has_view_permission": self.has_view_permission(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/carriers/owntemplate/import.html", context)
