"""The models that have a history, the names of their objects, and their secret fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from auditlog.registry import auditlog
from django.db import models

from carriers.wording.secret_fields import HIDDEN, hide

Owner = tuple[type[models.Model], int]


class _Tracked(NamedTuple):
    label: Callable[[models.Model], str]
    owner: Callable[[models.Model], Owner | None]
    is_applied: bool
    kind: str


_tracked: dict[type[models.Model], _Tracked] = {}


def track(
    model: type[models.Model],
    *,
    label: Callable[[models.Model], str] = lambda instance: f"{instance._meta.verbose_name} {instance}",
    owner: Callable[[models.Model], Owner | None] = lambda _instance: None,
    secrets: tuple[str, ...] = (),
    only: tuple[str, ...] | None = None,
    without: tuple[str, ...] = (),
    is_applied: bool = True,
    kind: str = "",
) -> None:
    """Keep a history of a model's objects: each ``save()`` and each deletion, also by cascade.

    Bulk writes must be recorded by the caller (``history.recording``). Of the fields in ``secrets`` the history shows
    only that they changed. ``only`` or ``without`` choose fields. Changes that are not ``is_applied`` take effect when
    they are saved. ``kind`` is the word for such objects, by default the model's name.
    """
    _tracked[model] = _Tracked(label, owner, is_applied, kind or str(model._meta.verbose_name))
    hide(model, *secrets)
    fields = [column.name for column in model._meta.concrete_fields if not column.primary_key]
    auditlog.register(
        model,
        include_fields=[name for name in fields if name not in without and (only is None or name in only)],
        mask_fields=list(secrets),
        mask_callable=f"{__name__}.hidden",
    )


def hidden(value: str) -> str | None:
    """Return the placeholder of a secret, None for an empty one (django-auditlog calls this with the value as text)."""
    return None if value in ("", "None") else HIDDEN


def tracked_models() -> list[type[models.Model]]:
    """Return the models that have a history, in the order of their registration."""
    return list(_tracked)


def kind_of(model: type[models.Model]) -> str:
    """Return the word for the objects of a model."""
    return _tracked[model].kind


def is_applied(model: type[models.Model] | None) -> bool:
    """Return whether changes of a model's objects take effect only when they are applied."""
    return model not in _tracked or _tracked[model].is_applied


def label_of(instance: models.Model) -> str:
    """Return an object's name in the history."""
    return _tracked[type(instance)].label(instance)


def owner_of(instance: models.Model) -> Owner | None:
    """Return the owner of an object, None for an object without one."""
    return _tracked[type(instance)].owner(instance)
