"""The roles, and the command that makes them."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from dsiprouter.staff.roles import EDITORS, OPERATORS, USER_MANAGERS, VIEWERS, role_permissions

pytestmark = pytest.mark.django_db


def output() -> str:
    stdout = StringIO()
    call_command("create_roles", stdout=stdout)
    return stdout.getvalue()


def permissions_of(name: str) -> set[str]:
    group = Group.objects.get(name=name)
    return {f"{label}.{code}" for label, code in group.permissions.values_list("content_type__app_label", "codename")}


def test_roles_have_exactly_their_permissions() -> None:
    assert output().count("made, ") == 4
    assert permissions_of(VIEWERS) < permissions_of(EDITORS) < permissions_of(OPERATORS)
    assert permissions_of(OPERATORS) - permissions_of(EDITORS) == {"kamailio_bridge.reload_kamailio"}
    assert {code.partition(".")[2].partition("_")[0] for code in permissions_of(VIEWERS)} == {"view"}
    assert {"carriers.delete_carriergroup", "carriers.add_authcredential"} < permissions_of(EDITORS)
    assert not any("auth." in code.partition(".")[0] + "." for code in permissions_of(OPERATORS))
    assert {name: permissions_of(name) for name in (VIEWERS, EDITORS, OPERATORS, USER_MANAGERS)} == role_permissions()
    assert permissions_of(USER_MANAGERS) == {"auth.view_user", "auth.add_user", "auth.change_user"}


def test_the_command_is_safe_to_repeat() -> None:
    output()
    before = {group.pk: permissions_of(group.name) for group in Group.objects.all()}
    assert output().count("unchanged, ") == 4
    assert {group.pk: permissions_of(group.name) for group in Group.objects.all()} == before


def test_a_role_that_was_changed_is_set_right() -> None:
    output()
    Group.objects.get(name=VIEWERS).permissions.add(Permission.objects.get(codename="reload_kamailio"))
    Group.objects.get(name=EDITORS).permissions.clear()
    assert output().count("set right, ") == 2
    assert "kamailio_bridge.reload_kamailio" not in permissions_of(VIEWERS)
    assert "carriers.change_endpoint" in permissions_of(EDITORS)


def test_missing_permissions_are_reported() -> None:
    Permission.objects.filter(codename="view_endpoint").delete()
    with pytest.raises(CommandError, match=r"run manage\.py migrate first"):
        output()
    assert not Group.objects.exists()
