"""Hooks by which other apps add to the pages of the carriers, and the base class of the admins that call them.

An app that adds something lists all of it in a file ``carrier_hooks.py``. A place in a page is called by its template
(``{% hooked "list_tools" %}``) with the page's context, and its hooks return HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from carriers.hook_points import HookPoint

Column = Callable[[Any], str]  # one of list_display: @admin.display names it
PagePoint = HookPoint[[dict[str, Any]], str]

# --- When an object is saved in the admin -----------------------------------------------------------------------------

# Before a stored object is written. Its rows are written later.
before_save = HookPoint[[HttpRequest, ModelForm], None]("before_save")
# Before the rows of a stored object are written.
before_save_rows = HookPoint[[HttpRequest, ModelForm, Sequence[BaseModelFormSet]], None]("before_save_rows")
# After a stored object and its rows are written, in the same transaction.
after_save = HookPoint[[HttpRequest, ModelForm, Sequence[BaseModelFormSet]], None]("after_save")
# After a new object and its rows are written.
after_add = HookPoint[[HttpRequest, Model], None]("after_add")

# --- In the pages -----------------------------------------------------------------------------------------------------

# More columns for the list of a model, in front of the last one.
list_columns = HookPoint[[type[Model]], Sequence[Column]]("list_columns")
list_media: PagePoint = HookPoint("list_media")  # scripts and styles of a list
list_tools: PagePoint = HookPoint("list_tools")  # <li> elements in front of a list's Add button
page_media: PagePoint = HookPoint("page_media")  # scripts and styles of a stored object's page
page_extras: PagePoint = HookPoint("page_extras")  # below the rows of a stored object's page
# On the page that asks before objects are deleted or disabled; they are in the context as ``objects``.
before_delete: PagePoint = HookPoint("before_delete")

PAGE_POINTS = {point.name: point for point in (list_media, list_tools, page_media, page_extras, before_delete)}


class CallsHooks(admin.ModelAdmin):
    """A model admin that calls the hooks. Those in its templates are called by ``admin/carriers/*.html``."""

    def get_list_display(self, request: HttpRequest) -> Any:
        *own, last = super().get_list_display(request)
        return (*own, *(column for columns in list_columns.call(self.model) for column in columns), last)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: Any) -> None:
        if change:
            before_save.call(request, form)
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[BaseModelFormSet], change: Any
    ) -> None:
        if change:
            before_save_rows.call(request, form, formsets)
        super().save_related(request, form, formsets, change)
        self.warn(request, form.instance)
        if change:
            after_save.call(request, form, formsets)

    def warn(self, request: HttpRequest, instance: Any) -> None:
        """Show the carriers' own messages about a saved object, before those of the hooks."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        entry = super().log_addition(request, obj, message)
        after_add.call(request, obj)
        return entry
