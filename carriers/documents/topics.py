"""Topics of a group or PBX: a mapping for each, ``failover: {max_attempts: 2}``, read by the types of the fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from carriers.documents.entry_keys import read_flag, read_mapping, read_number, read_text
from carriers.documents.items import Item, Problems, Values
from carriers.models.topics.topic import Topic


def topic_keys(topics: Iterable[Topic]) -> tuple[str, ...]:
    """Return the keys of the topics' mappings."""
    return tuple(topic.key for topic in topics)


def read_topics(
    entry: Values, item: Item, model: type[models.Model], topics: Iterable[Topic], problems: Problems
) -> None:
    """Add the values of the topics' mappings to those of the item."""
    for topic in topics:
        if topic.key in entry:
            item.topics |= dict.fromkeys(topic.names, topic.key)
            values = read_mapping(entry[topic.key], f"{item.place}.{topic.key}", topic.names, problems)
            for name in values:
                _read(values, model._meta.get_field(name), item, problems)


def _read(values: Values, column: Any, item: Item, problems: Problems) -> None:
    if column.null and values[column.name] is None:
        item.values[column.name] = None
    elif isinstance(column, models.BooleanField):
        read_flag(values, column.name, item, problems)
    elif isinstance(column, models.IntegerField):
        read_number(values, column.name, item, problems)
    else:
        read_text(values, column.name, item, problems)


def dump_topics(instance: models.Model, topics: Iterable[Topic]) -> Values:
    """Return the mappings of an object's topics, with all keys."""
    return {topic.key: {name: getattr(instance, name) for name in topic.names} for topic in topics}
