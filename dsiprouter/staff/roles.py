"""Roles of staff: groups of permissions.

Each of the carriers' roles has the permissions of the one before and some more; user managers have none of these.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import transaction

VIEWERS = "Carrier viewers"
EDITORS = "Carrier editors"
OPERATORS = "Kamailio operators"
USER_MANAGERS = "User managers"


class PermissionsMissing(Exception):
    """The database lacks permissions that the roles need. ``str()`` says what to do."""


def role_permissions() -> dict[str, set[str]]:
    """Return each role's permissions as ``app_label.codename``."""
    models = [model._meta.model_name for model in apps.get_app_config("carriers").get_models()]
    view = {f"carriers.view_{model}" for model in models} | {
        "kamailio_bridge.view_revision",
        "kamailio_bridge.view_kamailionode",  # to change one is to say where the RPC token is sent: superusers alone
        "history.view_historyentry",
    }
    edit = {f"carriers.{verb}_{model}" for model in models for verb in ("add", "change", "delete")}
    return {
        VIEWERS: view,
        EDITORS: view | edit,
        OPERATORS: view | edit | {"kamailio_bridge.reload_kamailio"},
        # What a user manager may do with whom is in dsiprouter.staff.user_admin.
        USER_MANAGERS: {"auth.view_user", "auth.add_user", "auth.change_user"},
    }


def grantable_permissions() -> set[str]:
    """Return what user managers may give, by groups: the permissions of the carriers' roles."""
    return role_permissions()[OPERATORS]


@transaction.atomic
def create_roles() -> dict[str, str]:
    """Make the roles, or set them right; return per role what was done. Safe to repeat.

    The groups get exactly their permissions: one that was added by hand is taken away again. To give somebody more,
    make another group. Raises ``PermissionsMissing`` before the first migration.
    """
    stored = {
        f"{label}.{codename}": pk
        for pk, label, codename in Permission.objects.filter(
            content_type__app_label__in=("auth", "carriers", "history", "kamailio_bridge")
        ).values_list("pk", "content_type__app_label", "codename")
    }
    done = {}
    for name, wanted in role_permissions().items():
        missing = sorted(wanted - stored.keys())
        if missing:
            raise PermissionsMissing(f"The permission {missing[0]} does not exist yet: run manage.py migrate first.")
        group, made = Group.objects.get_or_create(name=name)
        before = set(group.permissions.values_list("pk", flat=True))
        keys = {stored[permission] for permission in wanted}
        group.permissions.set(keys)
        count = f"{len(wanted)} permissions"
        done[name] = f"made, {count}" if made else f"unchanged, {count}" if before == keys else f"set right, {count}"
    return done
