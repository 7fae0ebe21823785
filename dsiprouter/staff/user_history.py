"""The history of users, groups, permissions and second factors. It never contains a secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db import models
from django.db.models.signals import m2m_changed
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from carriers.history.changes import Change
from carriers.history.recording import record
from carriers.history.tracking import track

ADDED, REMOVED = ("post_add",), ("post_remove", "pre_clear")
# The recorded many-to-many relations by their tables: the model that has the history, and the field.
RELATIONS: dict[type[models.Model], tuple[type[models.Model], str]] = {
    User.groups.through: (User, "groups"),
    User.user_permissions.through: (User, "user_permissions"),
    Group.permissions.through: (Group, "permissions"),
}


def track_users() -> None:
    """Keep a history of users, groups, their permissions, and second factors. Logins are not recorded."""
    track(User, label=_label, secrets=("password",), without=("last_login", "date_joined"), is_applied=False)
    track(Group, label=_label, is_applied=False)
    for device, what in ((TOTPDevice, "second factor"), (StaticDevice, "recovery codes")):
        track(
            device,
            label=lambda instance, what=what: f"{what} of {_label(instance.user)}",  # type: ignore[misc]
            owner=lambda instance: (User, instance.user_id),  # type: ignore[attr-defined]
            only=("confirmed",),
            is_applied=False,
            kind=what,
        )
    for table in RELATIONS:
        m2m_changed.connect(_record_relation, sender=table, dispatch_uid=f"history of {table.__name__}")


def _label(instance: Any) -> str:
    return f"{instance._meta.verbose_name} “{instance}”"


def _record_relation(
    sender: type[models.Model], instance: Any, action: str, pk_set: set[int] | None, **more: Any
) -> None:
    """Record additions to a relation and removals from it, on either side."""
    if action not in ADDED + REMOVED:
        return
    model, field = RELATIONS[sender]
    other: Any = model._meta.get_field(field).related_model
    if more["reverse"]:
        owners = _found(model, sender, instance, pk_set, other_side=model)
        pairs = [(owner, [instance]) for owner in owners]
    else:
        pairs = [(instance, _found(other, sender, instance, pk_set, other_side=other))]
    record(_change(owner, field, names, is_added=action in ADDED) for owner, names in pairs if names)


def _found(
    wanted: type[models.Model], table: type[models.Model], instance: Any, pks: set[int] | None, other_side: Any
) -> list[Any]:
    """Return the objects with these keys; without keys, before all are removed, the present ones."""
    if pks is None:
        column = next(field for field in table._meta.concrete_fields if field.related_model is other_side)
        own = next(field for field in table._meta.concrete_fields if field.related_model is type(instance))
        rows = table._default_manager.filter(**{own.attname: instance.pk})
        pks = set(rows.values_list(column.attname, flat=True))
    return list(wanted._default_manager.filter(pk__in=pks).order_by("pk"))


def _change(owner: Any, field: str, others: Iterable[Any], *, is_added: bool) -> Change:
    names = [_name(other) for other in others]
    values: tuple[Any, Any] = ([], names) if is_added else (names, [])
    return Change(type(owner), owner.pk, "changed", _label(owner), None, {field: values})


def _name(instance: Any) -> str:
    return instance.name if isinstance(instance, Permission) else str(instance)
