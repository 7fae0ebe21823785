"""What a topic is: settings of one kind that most objects leave at their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

CIPHERTEXT = "_ciphertext"


@dataclass(frozen=True)
class Topic:
    """Settings of one kind, written as the fields of an abstract model that the object's model inherits.

    ``key`` names the mapping in the carriers document, ``title`` the fieldset on the object's page, which is folded and
    has a line with what differs from the defaults. ``explain`` says in one or two sentences what the settings of an
    object do; it gets a model instance or a record. ``errors`` returns by field what does not go together.
    """

    key: str
    title: str
    fields: type[models.Model]
    explain: Callable[[Any], str] | None = None
    errors: Callable[[Any], dict[str, ValidationError]] | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in the order in which they are shown; a secret one without ``_ciphertext``."""
        return tuple(column.name.removesuffix(CIPHERTEXT) for column in self.fields._meta.local_fields)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The names of the secret ones, which go in and never come out. The model has ``set_<name>`` for each."""
        columns = (column.name for column in self.fields._meta.local_fields)
        return frozenset(name.removesuffix(CIPHERTEXT) for name in columns if name.endswith(CIPHERTEXT))


def errors_of(instance: Any, topics: Iterable[Topic]) -> dict[str, ValidationError]:
    """Return what does not go together in the settings of an object, by field."""
    return {name: error for topic in topics if topic.errors for name, error in topic.errors(instance).items()}
