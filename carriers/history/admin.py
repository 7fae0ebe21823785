"""The history in the admin: of one object with its parts, and of all objects, deleted ones too. It is read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html

from carriers.history.changes import with_arrows
from carriers.history.milestones import milestones_of
from carriers.history.models import HistoryEntry
from carriers.history.recording import ACTIONS, entries_of, entry_in_words, in_one_batch
from carriers.history.tracking import kind_of, tracked_models
from carriers.offered_lookups import OfferedLookups

ENTRIES_ON_A_PAGE = 50

admin.site.unregister(HistoryEntry)  # django-auditlog registers it with pages of its own


class HasHistory(admin.ModelAdmin):
    """A model admin whose history page shows each field's old and new value, of an object and of its parts."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied  # first, so that nobody learns which keys exist
        found = self.get_object(request, object_id)
        if found is None:
            return super().history_view(request, object_id)  # the admin's redirect with "doesn't exist"
        if not self.has_view_or_change_permission(request, found):
            raise PermissionDenied
        entries = entries_of(self.opts.label_lower, found.pk)
        page = Paginator(entries, ENTRIES_ON_A_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {found}",
            "opts": self.opts,
            "object": found,
            "page": page,
            "entries": _with_milestones(list(page)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/history/object_history.html", context)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete an object and its parts, and write their history entries together."""
        with in_one_batch():
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with in_one_batch():
            super().delete_queryset(request, queryset)


class ActionFilter(admin.SimpleListFilter):
    title = "what happened"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(code), action) for code, action in ACTIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = [code for code in ACTIONS if str(code) == self.value()]
        return queryset.filter(action__in=chosen) if chosen else queryset


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = viewable_models(request)
        return [(model._meta.label_lower, kind_of(model)) for model in models]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        for model in viewable_models(request):
            if model._meta.label_lower == self.value():
                return queryset.filter(content_type=ContentType.objects.get_for_model(model))
        return queryset


def viewable_models(request: HttpRequest) -> list[type[Model]]:
    """Return the models whose changes this user may read: those whose objects the user may view."""
    user: Any = request.user
    return [
        model for model in tracked_models() if user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    ]


class HistoryList(ChangeList):
    """The list, with the milestones of all entries of the page looked up together."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.query or self.get_filters_params()):
            self.full_result_count = self.result_count  # nothing is filtered, so the count is known
        milestones = milestones_of(entry.applied_number for entry in self.result_list)
        for entry in self.result_list:
            entry.milestone = milestones.get(entry.applied_number)


@admin.register(HistoryEntry)
class HistoryEntryAdmin(OfferedLookups, admin.ModelAdmin):
    list_display = ("when", "who", "what", "shown_details", "applied_with")
    list_display_links = None
    list_filter = (ActionFilter, "timestamp", KindFilter)
    list_select_related = ("content_type",)
    list_per_page = 50
    list_max_show_all = 200
    search_fields = ("object_repr", "actor_name")
    search_help_text = "Search by object or person"
    ordering = ("-timestamp", "-pk")
    fields = list_display
    readonly_fields = list_display
    show_full_result_count = False
    empty_text = "Nothing was changed yet. Whatever is added, changed or deleted is listed here, with who did it."

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HistoryList

    def get_queryset(self, request: HttpRequest) -> QuerySet[HistoryEntry]:
        hidden = set(tracked_models()) - set(viewable_models(request))
        if not hidden:
            return super().get_queryset(request)
        return (
            super().get_queryset(request).exclude(content_type__in=ContentType.objects.get_for_models(*hidden).values())
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: HistoryEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: HistoryEntry | None = None) -> bool:
        return False

    @admin.display(description="when", ordering="timestamp")
    def when(self, entry: HistoryEntry) -> str:
        return timezone.localtime(entry.timestamp).strftime("%Y-%m-%d %H:%M:%S")

    @admin.display(description="who", ordering="actor_name")
    def who(self, entry: HistoryEntry) -> str:
        return entry_in_words(entry).who

    @admin.display(description="what", ordering="object_repr")
    def what(self, entry: HistoryEntry) -> str:
        return f"{entry.object_repr} {entry_in_words(entry).action}"

    @admin.display(description="fields")
    def shown_details(self, entry: HistoryEntry) -> str:
        return ", ".join(with_arrows(entry_in_words(entry).details))

    @admin.display(description="applied with")
    def applied_with(self, entry: Any) -> str:
        if not entry_in_words(entry).is_applied:
            return "at once"
        known = hasattr(entry, "milestone")
        number = entry.applied_number
        milestone = entry.milestone if known else milestones_of([number]).get(number)
        return format_html('<a href="{}">{}</a>', milestone.url, milestone.label) if milestone else "not applied yet"


def _with_milestones(entries: list[HistoryEntry]) -> list[dict[str, Any]]:
    milestones = milestones_of(entry.applied_number for entry in entries)
    return [
        {
            "words": (words := entry_in_words(entry)),
            "details": ", ".join(with_arrows(words.details)),
            "milestone": milestones.get(entry.applied_number),
        }
        for entry in entries
    ]
