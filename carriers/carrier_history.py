"""The history of the carriers: names of their objects and records of bulk writes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import models

from carriers.django_internals import deletion_of
from carriers.history.changes import Action, Change
from carriers.history.object_names import name_beside
from carriers.history.recording import record, unrecorded
from carriers.history.tracking import track
from carriers.labels import Names, Values, label, owner_of
from carriers.models import OwnTemplate
from carriers.snapshots.differences import field_changes
from carriers.snapshots.state import CIPHERTEXTS, MODELS


def track_carriers() -> None:
    """Keep a history of every kind of object that the operators edit."""
    for model in MODELS:
        track(
            model,
            label=lambda instance: label(type(instance), values_of(instance), partial(name_beside, instance)),
            owner=lambda instance: owner_of(type(instance), values_of(instance)),
            secrets=(CIPHERTEXTS[model],) if model in CIPHERTEXTS else (),
        )
    track(OwnTemplate, without=("content",), is_applied=False)  # its page shows the content


def values_of(instance: models.Model) -> dict[str, Any]:
    """Return an object's values by column, for a later comparison."""
    return {column.attname: getattr(instance, column.attname) for column in instance._meta.concrete_fields}


def record_written(added: Iterable[models.Model] = (), changed: Iterable[tuple[models.Model, Values]] = ()) -> None:
    """Record objects that were written in bulk: new ones, and stored ones with the values that they had before."""
    names = known_names()
    changes = [_change(instance, "added", None, names) for instance in added]
    changes += [_change(instance, "changed", before, names) for instance, before in changed]
    record(changes)


def delete_recorded(found: models.QuerySet[Any]) -> None:
    """Delete objects with their parts, and record all of them in one batch, which is much faster than one by one.

    The caller holds the transaction.
    """
    deleted, delete = deletion_of(found)
    names = known_names()
    record(
        [
            _change(instance, "deleted", values_of(instance), names)
            for model, instances in deleted.items()
            for instance in sorted(instances, key=lambda instance: instance.pk)
            if model in MODELS
        ]
    )
    with unrecorded():
        delete()


def known_names() -> Names:
    """Return a function from model and key to name, which reads the names of each model once, on first use."""
    kinds: dict[type[models.Model], dict[int, str]] = {}

    def find(model: type[models.Model], pk: int) -> str:
        if model not in kinds:
            kinds[model] = {found.pk: str(found) for found in model._default_manager.all()}
        return kinds[model].get(pk, str(pk))

    return find


def _change(instance: models.Model, action: Action, before: Values | None, names: Names) -> Change:
    model, values = type(instance), values_of(instance)
    old = (before, names) if before is not None else None
    new = (values, names) if action != "deleted" else None
    return Change(
        model,
        instance.pk,
        action,
        label(model, before or values, names),
        owner_of(model, values),
        field_changes(model, old, new),
    )
