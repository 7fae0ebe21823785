"""How form widgets become HTML: by Jinja2, with the templates that Django brings for it.

A carrier group of ten endpoints has some 170 widgets, and rendering them by Django's own templates is a third of the
page's time. Whatever else forms render, and the admin's own widgets, goes by Django's templates as ever.
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
