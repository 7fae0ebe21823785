"""The common base of the admin's lists."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from carriers.history.admin import HasHistory
from carriers.values.addresses import host_ip
from carriers.values.names import composed

KEY = "-key-"  # placeholder of a row's key in a URL


def _as_stored(word: str) -> str:
    address = host_ip(word.strip("[]")) if ":" in word else None
    return composed(word) if address is None else str(address)


class QuickList(ChangeList):
    """Django's list without its repeated work: it counts all objects twice, and reverses the URL of each row's page."""

    def get_results(self, request: HttpRequest) -> None:
        """Count all objects a second time only where filters or a search leave some out."""
        super().get_results(request)
        is_part = self.query or self.get_filters_params()
        self.full_result_count = self.root_queryset.count() if is_part else self.result_count
        self.show_full_result_count = True
        self.show_admin_actions = bool(self.full_result_count)

    def url_for_result(self, result: Any) -> str:
        return self._change_url.format(quote(result.pk))

    @cached_property
    def _change_url(self) -> str:
        name = f"{self.model_admin.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[KEY]).replace(KEY, "{}")


class ListAdmin(HasHistory):
    """A model admin with a history and a quick list.

    Django renders a template for the checkbox of each row, a third of the page. The list shows as many rows as fit two
    screens; a search finds the rest.
    """

    list_per_page = 25
    list_max_show_all = 200
    show_full_result_count = False  # QuickList counts

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return QuickList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search names and addresses in their stored form."""
        return super().get_search_results(request, queryset, " ".join(map(_as_stored, search_term.split(" "))))

    def action_checkbox(self, obj: Any) -> SafeString:
        """Return the same checkbox as Django does."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )
