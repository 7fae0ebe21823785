"""Topics of a group or PBX: a mapping for each, ``failover: {max_attempts: 2}``, read by the types of the fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from carriers.documents.entry_keys import read_flag, read_mapping, read_number, read_text
from carriers.documents.items import Item, Problems, Values
from carriers.models.topics.topic import CIPHERTEXT, Topic


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
                if name in topic.secrets:
                    _read_secret(values, name, item, problems)
                else:
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


def _read_secret(values: Values, name: str, item: Item, problems: Problems) -> None:
    """Read a secret, "" for none; left out or null, the stored one stays."""
    if isinstance(values[name], str):
        item.secrets[name] = values[name]
    elif values[name] is not None:
        item.refuse(name, "this must be a text: put it in quotes.", problems)


def set_secrets(instance: Any, item: Item, problems: Problems) -> None:
    """Turn the secrets of an item into the values of their columns; a mistake is recorded."""
    for name, value in item.secrets.items():
        column = f"{name}{CIPHERTEXT}"
        stored = getattr(instance, column)
        try:
            getattr(instance, f"set_{name}")(value)
        except ValidationError as error:
            item.refuse(name, " ".join(error.messages), problems)
        item.values[column] = getattr(instance, column)
        setattr(instance, column, stored)


def dump_topics(instance: models.Model, topics: Iterable[Topic]) -> Values:
    """Return the mappings of an object's topics, with all keys but the secret ones."""
    return {
        topic.key: {name: getattr(instance, name) for name in topic.names if name not in topic.secrets}
        for topic in topics
    }
