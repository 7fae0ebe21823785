"""Topics on the pages of the admin: a folded fieldset for each, headed by what differs from the defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils.html import escape

from carriers.models.topics.topic import Topic
from carriers.wording.field_words import PLAIN, setting_in_words

SHOWN_SETTINGS = 4


def topic_fieldsets(
    instance: models.Model | None, model: type[models.Model], topics: Iterable[Topic], *, may_edit: bool = True
) -> list[Any]:
    """Return a fieldset for each topic, for ``ModelAdmin.get_fieldsets``.

    Of a secret that may not be edited it has ``<name>_state``, which the admin says.
    """
    shown = instance or model()
    return [
        (
            f"{topic.title}: {summary(shown, topic)}",
            {
                "fields": tuple(
                    name if may_edit or name not in topic.secrets else f"{name}_state" for name in topic.names
                ),
                "classes": ("collapse", "topic", f"topic-{topic.key}"),
                "description": escape(topic.explain(shown)) if topic.explain else "",
            },
        )
        for topic in topics
    ]


def summary(instance: models.Model, topic: Topic) -> str:
    """Return what differs from the defaults in one line, or that nothing does."""
    return summary_of(instance, [column for column in topic.fields._meta.local_fields if column.editable])


def summary_of(instance: models.Model, columns: Iterable[Any]) -> str:
    """Return which fields differ from their defaults in one line, or that none does."""
    words = [
        phrase
        for column in columns
        if getattr(instance, column.name) != column.get_default()
        for phrase in setting_in_words(type(instance), column.name, getattr(instance, column.name), instance, PLAIN)
    ]
    more = f", and {len(words) - SHOWN_SETTINGS} more" if len(words) > SHOWN_SETTINGS else ""
    return ", ".join(words[:SHOWN_SETTINGS]) + more if words else "as usual"
