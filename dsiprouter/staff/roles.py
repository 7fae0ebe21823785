"""Roles of staff: groups of permissions.

Each of the carriers' roles has the permissions of the one before and more; user managers have none of these.
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
        "kamailio_bridge.view_kamailionode",  # only superusers change nodes: a node decides where the RPC token is sent
        "history.view_historyentry",
    }
    edit = {f"carriers.{verb}_{model}" for model in models for verb in ("add", "change", "delete")}
    return {
        VIEWERS: view,
        EDITORS: view | edit,
        OPERATORS: view | edit | {"kamailio_bridge.reload_kamailio"},
        # dsiprouter.staff.user_admin limits which users they may change.
        USER_MANAGERS: {"auth.view_user", "auth.add_user", "auth.change_user"},
    }


def grantable_permissions() -> set[str]:
    """Return the permissions that user managers may give by groups: those of the carriers' roles."""
    return role_permissions()[OPERATORS]


@transaction.atomic
def create_roles() -> dict[str, str]:
    """Create or correct the roles; return per role what was done. Safe to repeat.

    The groups get exactly their permissions: others are removed. To give a user more, make another group.
    Raises ``PermissionsMissing`` before the first migration.
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
