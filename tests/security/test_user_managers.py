"""User managers give nobody, themselves included, more than the carriers' roles have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from dsiprouter.staff.roles import EDITORS, OPERATORS, USER_MANAGERS, VIEWERS
from tests.admin.forms import fields_of
from tests.security.test_login import PASSWORD

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]
USERS = "/admin/auth/user/"
NEW_PASSWORD = "another staple for horses"


@pytest.fixture
def manager(login: Callable[..., Client]) -> Client:
    return login("manager")


def group(name: str) -> Group:
    return Group.objects.get(name=name)


def permission(name: str) -> Permission:
    label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def make(name: str, *groups: str, is_superuser: bool = False, is_active: bool = True) -> User:
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
    user.is_superuser, user.is_active = is_superuser, is_active
    user.save()
    user.groups.set(group(name) for name in groups)
    return user


def save(client: Client, user: User, **changes: object) -> int:
    """Open the user's page, change fields, add what the page doesn't offer, and save."""
    html = client.get(f"{USERS}{user.pk}/change/").content.decode()
    return client.post(f"{USERS}{user.pk}/change/", {**fields_of(html), **changes}).status_code


def set_password(client: Client, user: User) -> int:
    data = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true", "set-password": "1"}
    return client.post(f"{USERS}{user.pk}/password/", data).status_code


def test_a_manager_adds_a_colleague_and_gives_a_role(manager: Client) -> None:
    data = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert manager.post(f"{USERS}add/", data).status_code == 302
    carol = User.objects.get(username="carol")
    page = manager.get(f"{USERS}{carol.pk}/change/").content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="user_permissions"' not in page
    for role in (VIEWERS, EDITORS, OPERATORS):
        assert f">{role}</option>" in page
    assert USER_MANAGERS not in page
    assert save(manager, carol, is_staff="on", groups=[group(OPERATORS).pk]) == 302
    carol.refresh_from_db()
    assert (carol.is_staff, carol.is_superuser) == (True, False)
    assert [found.name for found in carol.groups.all()] == [OPERATORS]
    assert set_password(manager, carol) == 302
    assert save(manager, carol, is_active="") == 302


def test_a_new_user_gets_a_password(manager: Client) -> None:
    page = manager.get(f"{USERS}add/").content.decode()
    assert 'name="password1"' in page
    assert "Single Sign-On" not in page
    answer = manager.post(f"{USERS}add/", {"username": "carol", "usable_password": "false"})
    assert answer.status_code == 200
    assert not User.objects.filter(username="carol").exists()


def test_what_a_manager_may_not_give_is_not_taken(manager: Client) -> None:
    carol = make("carol", VIEWERS)
    more = {"is_superuser": "on", "user_permissions": [permission("auth.change_group").pk], "is_staff": "on"}
    save(manager, carol, **more)
    odd = Group.objects.create(name="Carrier helpers")
    odd.permissions.add(permission("kamailio_bridge.change_kamailionode"))
    for name in (USER_MANAGERS, odd.name):
        assert save(manager, carol, groups=[group(name).pk]) == 200  # the form, with an error
    carol.refresh_from_db()
    assert not carol.is_superuser
    assert not carol.user_permissions.exists()
    assert [found.name for found in carol.groups.all()] == [VIEWERS]


def test_adding_takes_no_more_either(manager: Client) -> None:
    more = {"is_superuser": "on", "is_staff": "on", "groups": [group(USER_MANAGERS).pk]}
    data = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true", **more}
    assert manager.post(f"{USERS}add/", data).status_code == 302
    carol = User.objects.get(username="carol")
    assert (carol.is_superuser, carol.is_staff, carol.groups.count()) == (False, False, 0)


MIGHTIER = (
    "himself",
    "superuser",
    "superuser who is off",
    "another manager",
    "one with an own permission",
    "node keeper",
)


@pytest.mark.parametrize("kind", MIGHTIER)
def test_whom_a_manager_may_not_touch(manager: Client, kind: str) -> None:
    if kind == "himself":
        user = User.objects.get(username="manager")
    elif kind == "another manager":
        user = make("dave", USER_MANAGERS)
    elif kind == "node keeper":
        Group.objects.create(name="Node keepers").permissions.add(permission("kamailio_bridge.add_kamailionode"))
        user = make("dave", VIEWERS, "Node keepers")
    elif kind == "one with an own permission":
        user = make("dave", VIEWERS)
        user.user_permissions.add(permission("auth.add_group"))
    else:
        user = make("dave", is_superuser=True, is_active=kind == "superuser")
    before = User.objects.values().get(pk=user.pk), set(user.groups.values_list("pk", flat=True))
    assert set_password(manager, user) == 403
    assert manager.get(f"{USERS}{user.pk}/password/").status_code == 403
    assert save(manager, user, is_superuser="on", is_active="", groups=[group(OPERATORS).pk]) == 403
    assert manager.post(f"{USERS}{user.pk}/delete/", {"post": "yes"}).status_code == 403
    manager.post(USERS, {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"})
    user = User.objects.get(pk=user.pk)
    assert (User.objects.values().get(pk=user.pk), set(user.groups.values_list("pk", flat=True))) == before
    page = manager.get(f"{USERS}{user.pk}/change/")
    assert page.status_code == 200  # to read
    html = page.content.decode()
    assert 'name="_save"' not in html
    assert "pbkdf2" not in html
    assert not user.password or user.password not in html
    assert "salt" not in html


def test_deleting_needs_its_own_permission_and_spares_the_mightier(manager: Client) -> None:
    himself = User.objects.get(username="manager")
    himself.user_permissions.add(permission("auth.delete_user"))
    root, viewer = make("root", is_superuser=True), make("viewer", VIEWERS)
    action = {"action": "delete_selected", "post": "yes"}
    manager.post(USERS, {**action, "_selected_action": [root.pk, viewer.pk, himself.pk]})
    assert User.objects.filter(pk__in=(root.pk, viewer.pk, himself.pk)).count() == 3
    manager.post(USERS, {**action, "_selected_action": [viewer.pk]})
    assert not User.objects.filter(pk=viewer.pk).exists()


def test_no_other_page_raises_a_manager(manager: Client) -> None:
    User.objects.get(username="manager").user_permissions.set(
        permission(f"auth.{verb}_group") for verb in ("add", "change", "delete", "view")
    )
    own = group(USER_MANAGERS)
    everything = list(Permission.objects.values_list("pk", flat=True))
    data = {"name": own.name, "permissions": everything}
    for address in (f"{own.pk}/change/", "add/", f"{own.pk}/delete/"):
        assert manager.post(f"/admin/auth/group/{address}", data).status_code == 403
    assert own.permissions.count() == 3
    for page in ("axes/accessattempt/", "carriers/carriergroup/", "kamailio_bridge/kamailionode/", "kamailio/reload/"):
        assert manager.get(f"/admin/{page}").status_code == 403
    for page in ("otp_totp/totpdevice/", "otp_static/staticdevice/", "auth/permission/"):
        assert manager.get(f"/admin/{page}").status_code == 404


def test_a_role_that_somebody_widened_is_not_given(manager: Client) -> None:
    carol = make("carol")
    group(VIEWERS).permissions.add(permission("auth.change_user"))
    assert save(manager, carol, groups=[group(VIEWERS).pk]) == 200
    assert not carol.groups.exists()


def test_the_list_says_who_may_what(manager: Client, django_assert_max_num_queries: Callable[..., Any]) -> None:
    make("root", is_superuser=True)
    make("gone", VIEWERS, is_active=False)
    User.objects.create_user("customer")
    for number in range(20):
        make(f"viewer{number}", VIEWERS, EDITORS)
    with django_assert_max_num_queries(15):
        html = manager.get(USERS).content.decode()
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]
    for name, access, roles in (
        ("root", "superuser", "-"),
        ("gone", "deactivated", VIEWERS),
        ("customer", "may not log in here", "-"),
        ("viewer3", "staff", f"{EDITORS}, {VIEWERS}"),
        ("manager", "staff", USER_MANAGERS),
    ):
        (row,) = (row for row in rows if f"|{name}|" in row)
        assert f"|{access}|" in row
        assert f"|{roles}|" in row


def test_superusers_do_all(login: Callable[..., Client]) -> None:
    superuser = login("superuser")
    carol = make("carol", VIEWERS)
    assert save(superuser, carol, is_superuser="on", groups=[group(USER_MANAGERS).pk]) == 302
    carol.refresh_from_db()
    assert carol.is_superuser
    assert set_password(superuser, carol) == 302
    assert superuser.post("/admin/auth/group/add/", {"name": "Night shift"}).status_code == 302


@pytest.mark.parametrize("role", ["viewer", "editor", "operator"])
def test_other_roles_see_no_users(login: Callable[..., Client], role: str) -> None:
    client = login(role)
    assert [client.get(f"{USERS}{address}").status_code for address in ("", "add/")] == [403, 403]
    for key in (User.objects.get().pk, 987_654):
        statuses = [client.get(f"{USERS}{key}/{page}/").status_code for page in ("change", "delete", "history")]
        assert set(statuses) <= {403, 302}
        assert client.get(f"{USERS}{key}/history/").status_code == 403
        assert client.get(f"{USERS}{key}/password/").status_code == 403
    assert client.get(f"{USERS}{User.objects.get().pk}/change/").status_code == 403
