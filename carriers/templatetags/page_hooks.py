"""What other apps add to a page of the carriers (``carriers.admin.hooks``)."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from carriers.admin.hooks import PAGE_POINTS

register = template.Library()


@register.simple_tag(takes_context=True)
def hooked(context: Context, point: str, **more: Any) -> SafeString:
    """Return the HTML that the hooks of a place give, for the page's context with ``more`` beside it."""
    page: dict[Any, Any] = context.flatten()
    found = PAGE_POINTS[point].call({**page, **more})
    return format_html_join("", "{}", ((html,) for html in found))
