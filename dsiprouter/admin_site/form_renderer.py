"""Renders form widgets by Jinja2, with Django's own templates for it.

A carrier group of ten endpoints has some 170 widgets, and rendering them by Django's own templates is a third of the
page's time. Other parts of forms, and the admin's own widgets, use Django's templates as usual.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.forms.renderers import DjangoTemplates, Jinja2

BY_JINJA = ("django/forms/widgets/", "django/forms/errors/", "django/forms/label.html")


class WidgetsByJinja2(DjangoTemplates):
    def get_template(self, template_name: str) -> Any:
        if template_name.startswith(BY_JINJA):
            return self._jinja2.get_template(template_name)
        return super().get_template(template_name)

    @cached_property
    def _jinja2(self) -> Jinja2:
        return Jinja2()
