"""The history of users, groups, permissions and second factors: who changed what, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from carriers.history.models import HistoryEntry
from carriers.history.recording import changes_not_applied, entries_of, entry_in_words
from carriers.models import CarrierGroup
from dsiprouter.staff.roles import EDITORS, OPERATORS, VIEWERS, create_roles
from tests.admin.forms import Carriers, fields_of
from tests.security.test_login import PASSWORD

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]
USERS = "/admin/auth/user/"


@pytest.fixture
def carol(db: None) -> User:
    create_roles()
    user = User.objects.create_user("carol", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=VIEWERS))
    HistoryEntry.objects.all().delete()
    return user


def said() -> list[str]:
    """Return all that the history has, the oldest first, each with who it was."""
    entries = HistoryEntry.objects.order_by("pk").select_related("content_type")
    return [f"{(what := entry_in_words(entry)).who}: {what}" for entry in entries]


def save(client: Client, user: User, **changes: object) -> None:
    fields = fields_of(client.get(f"{USERS}{user.pk}/change/").content.decode())
    assert client.post(f"{USERS}{user.pk}/change/", {**fields, **changes}).status_code == 302


def test_what_a_user_manager_does(login: Callable[..., Client], carol: User) -> None:
    manager = login("manager")
    HistoryEntry.objects.all().delete()
    save(manager, carol, email="carol@example.com", groups=[Group.objects.get(name=OPERATORS).pk])
    data = {
        "password1": "another staple",
        "password2": "another staple",
        "usable_password": "true",
        "set-password": "1",
    }
    assert manager.post(f"{USERS}{carol.pk}/password/", data).status_code == 302
    save(manager, carol, is_active="")
    assert said() == [
        "manager: user “carol” changed: email address (blank) -> carol@example.com",
        "manager: user “carol” changed: groups: Carrier viewers removed",
        "manager: user “carol” changed: groups: Kamailio operators added",
        "manager: user “carol” changed: password changed",
        "manager: user “carol” changed: active yes -> no",
    ]
    html = manager.get(f"{USERS}{carol.pk}/history/").content.decode()
    assert "groups: Kamailio operators added" in html
    assert "password changed" in html
    assert "at once" in html
    assert "not applied yet" not in html


def test_a_superuser_who_gives_everything(login: Callable[..., Client], carol: User) -> None:
    superuser = login("superuser")
    HistoryEntry.objects.all().delete()
    right = Permission.objects.get(codename="reload_kamailio")
    save(superuser, carol, is_superuser="on", user_permissions=[right.pk])
    assert said() == [
        "superuser: user “carol” changed: superuser status no -> yes",
        f"superuser: user “carol” changed: user permissions: {right.name} added",
    ]


def test_groups_and_their_permissions(login: Callable[..., Client], carol: User) -> None:
    superuser = login("superuser")
    HistoryEntry.objects.all().delete()
    right = Permission.objects.get(codename="view_pbx")
    superuser.post("/admin/auth/group/add/", {"name": "Night shift", "permissions": [right.pk]})
    shift = Group.objects.get(name="Night shift")
    superuser.post(f"/admin/auth/group/{shift.pk}/change/", {"name": "Day shift", "permissions": []})
    superuser.post(f"/admin/auth/group/{shift.pk}/delete/", {"post": "yes"})
    assert said() == [
        "superuser: group “Night shift” added",
        f"superuser: group “Night shift” changed: permissions: {right.name} added",
        "superuser: group “Day shift” changed: name Night shift -> Day shift",
        f"superuser: group “Day shift” changed: permissions: {right.name} removed",
        "superuser: group “Day shift” deleted",
    ]


@pytest.mark.parametrize("side", ["user", "group"])
def test_each_side_and_way_of_a_relation(carol: User, side: str) -> None:
    viewers, editors = Group.objects.get(name=VIEWERS), Group.objects.get(name=EDITORS)
    if side == "user":
        carol.groups.add(editors)
        carol.groups.add(editors)  # is in it already
        carol.groups.remove(viewers)
        carol.groups.set([viewers, editors])
        carol.groups.clear()
    else:
        editors.user_set.add(carol)
        editors.user_set.add(carol)
        viewers.user_set.remove(carol)
        viewers.user_set.set([carol])
        viewers.user_set.clear()
        editors.user_set.clear()
    words = [line.partition("changed: groups: ")[2] for line in said()]
    assert words[:3] == ["Carrier editors added", "Carrier viewers removed", "Carrier viewers added"]
    at_once = [["Carrier viewers, Carrier editors removed"], ["Carrier editors, Carrier viewers removed"]]
    one_by_one = [["Carrier viewers removed", "Carrier editors removed"]]
    assert words[3:] in (at_once if side == "user" else one_by_one)


def test_second_factors(carol: User) -> None:
    call_command("second_factor", "carol", stdout=StringIO())
    device = TOTPDevice.objects.get(user=carol)
    codes = list(StaticToken.objects.values_list("token", flat=True))
    device.drift, device.last_t = 1, 5
    device.save()
    call_command("second_factor", "carol", "--recovery-codes", stdout=StringIO())
    call_command("second_factor", "carol", "--remove", stdout=StringIO())
    assert said() == [
        "manage.py: second factor of user “carol” added",
        "manage.py: recovery codes of user “carol” added",
        "manage.py: recovery codes of user “carol” deleted",
        "manage.py: recovery codes of user “carol” added",
        "manage.py: second factor of user “carol” deleted",
        "manage.py: recovery codes of user “carol” deleted",
    ]
    assert entries_of("auth.user", carol.pk).count() == 6
    everything = json.dumps(list(HistoryEntry.objects.values("changes", "object_repr", "additional_data")))
    assert device.key not in everything
    assert not any(code in everything for code in codes)


def test_a_user_who_is_deleted_with_a_second_factor(carol: User) -> None:
    call_command("second_factor", "carol", stdout=StringIO())
    HistoryEntry.objects.all().delete()
    carol.delete()
    assert sorted(said()) == [
        "manage.py: recovery codes of user “carol” deleted",
        "manage.py: second factor of user “carol” deleted",
        "manage.py: user “carol” deleted",
    ]


def test_commands(carol: User) -> None:
    with patch("getpass.getpass", return_value="another staple"):
        call_command("changepassword", "carol", stdout=StringIO())
    call_command("createsuperuser", "--noinput", username="root", email="", stdout=StringIO())
    Group.objects.get(name=VIEWERS).permissions.add(Permission.objects.get(codename="reload_kamailio"))
    Group.objects.get(name=EDITORS).delete()
    HistoryEntry.objects.filter(object_repr__contains="Carrier").delete()
    call_command("create_roles", stdout=StringIO())
    lines = said()
    assert lines[0] == "manage.py: user “carol” changed: password changed"
    assert lines[1] == "manage.py: user “root” added"
    assert lines[2].startswith("manage.py: group “Carrier viewers” changed: permissions: ")
    assert lines[2].endswith(" removed")
    assert lines[3] == "manage.py: group “Carrier editors” added"
    assert lines[4].startswith("manage.py: group “Carrier editors” changed: permissions: ")
    assert len(lines) == 5


def test_no_digest_of_a_password_is_in_it(carol: User) -> None:
    digests = {carol.password}
    for password in ("another staple", "a third staple"):
        carol.set_password(password)
        carol.save()
        digests.add(carol.password)
    carol.delete()
    stored = json.dumps(list(HistoryEntry.objects.values()), default=str)
    assert not any(digest in stored for digest in digests)
    assert "(secret)" in stored


def test_a_login_is_no_change(carol: User) -> None:
    assert Client().post("/admin/login/", {"username": "carol", "password": PASSWORD}).status_code == 302
    assert said() == []


def test_users_are_not_pending_changes_of_carriers(carol: User, carriers: Carriers) -> None:
    carol.email = "x@example.com"
    carol.save()
    CarrierGroup.objects.create(name="Beta")
    assert not any("carol" in change.what for change in changes_not_applied())
    assert any("Beta" in change.what for change in changes_not_applied())


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("operator", False), ("superuser", True)])
def test_only_who_may_see_users_reads_of_them(
    login: Callable[..., Client], carol: User, carriers: Carriers, role: str, sees: bool
) -> None:
    carol.email = "x@example.com"
    carol.save()
    client = login(role)
    html = client.get("/admin/history/historyentry/").content.decode()
    assert ("user “carol”" in html) is sees
    assert ("?kind=auth.user" in html) is sees
    assert ("second factor" in html) is sees  # a kind to choose, in the words of the command and the documents
    assert "TOTP device" not in html
    assert "carrier group “Acme”" in html
    entry = HistoryEntry.objects.filter(object_repr__contains="carol").latest("pk")
    assert (client.get(f"/admin/history/historyentry/{entry.pk}/change/").status_code == 200) is sees
