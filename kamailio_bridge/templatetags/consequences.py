"""For the carriers' confirmation pages, which know nothing of Kamailio: what a deletion takes away."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.db import models

from kamailio_bridge.preview.deletion import consequences_of
from kamailio_bridge.rows.types import Notice

register = template.Library()


@register.simple_tag
def consequences(objects: models.Model | Iterable[models.Model]) -> list[Notice]:
    """Return what deleting or disabling an object, or several, would take away from the calls."""
    return consequences_of([objects] if isinstance(objects, models.Model) else objects)
