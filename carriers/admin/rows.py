"""What lists of the admin have in common."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import format_html
from django.utils.safestring import SafeString

from carriers.history.admin import HasHistory


class ListAdmin(HasHistory):
    """A model admin with a history and a quick list.

    Django renders a template for the checkbox of each row, a third of the page. The list shows as many rows as fit two
    screens; a search finds the rest.
    """

    list_per_page = 25
    list_max_show_all = 200

    def action_checkbox(self, obj: Any) -> SafeString:
        """Return the same checkbox as Django does."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="Select this object for an action - {}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            obj,
        )
