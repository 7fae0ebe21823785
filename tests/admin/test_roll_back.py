"""Roll back to a revision from its page: the preview, and the roll back itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from carriers.models import AuthCredential, CarrierGroup
from carriers.snapshots.records import read_carriers
from carriers.snapshots.state import take_state
from kamailio_bridge.apply.operations import apply
from kamailio_bridge.revisions.models import Revision, RollBack
from tests.admin.forms import PASSWORD, Carriers

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]


@pytest.fixture
def revision(carriers: Carriers) -> Revision:
    return Revision.objects.get(pk=apply(author=None, nodes=[]).revision)


def url_of(revision: Revision) -> str:
    return f"/admin/kamailio/revisions/{revision.pk}/roll-back/"


def seen_on(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found, html
    return found[1]


def test_from_the_revision_to_the_changes_that_wait(operator: Client, carriers: Carriers, revision: Revision) -> None:
    then = read_carriers()
    carriers.group.delete()
    page = operator.get(f"/admin/kamailio_bridge/revision/{revision.pk}/change/").content.decode()
    assert f'href="{url_of(revision)}"' in page
    asked = operator.get(url_of(revision)).content.decode()
    assert "<strong>carrier group “Acme”</strong> comes back" in asked
    assert "<strong>outbound route 9, carrier group “Acme”</strong> comes back" in asked
    assert not CarrierGroup.objects.exists(), "looking changes nothing"
    answer = operator.post(url_of(revision), {"seen": seen_on(asked)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/kamailio/waiting/"
    assert "The carriers are as they were at revision" in answer.content.decode()
    assert read_carriers() == then
    assert RollBack.objects.get().author.get_username() == "operator"
    again = operator.get(url_of(revision)).content.decode()
    assert "Nothing to do: the carriers are as they were" in again


def test_no_password_is_shown(operator: Client, carriers: Carriers, revision: Revision) -> None:
    credential = AuthCredential.objects.get()
    old = credential.password_ciphertext
    credential.set_password("another one")
    credential.save()
    html = operator.get(url_of(revision)).content.decode()
    assert "password changed" in html
    for secret in (old, credential.password_ciphertext, PASSWORD, "another one"):
        assert secret not in html


def test_what_somebody_saved_meanwhile_is_shown_first(operator: Client, carriers: Carriers, revision: Revision) -> None:
    carriers.group.delete()
    seen = seen_on(operator.get(url_of(revision)).content.decode())
    CarrierGroup.objects.create(name="Meanwhile")
    now = take_state()
    html = operator.post(url_of(revision), {"seen": seen}).content.decode()
    assert "Somebody saved since you saw what differs." in html
    assert "<strong>carrier group “Meanwhile”</strong> is deleted" in html
    assert take_state() == now


def test_a_revision_that_is_not_kept_says_so(operator: Client, carriers: Carriers, revision: Revision) -> None:
    Revision.objects.update(snapshot=None)
    for answer in (operator.get(url_of(revision), follow=True), operator.post(url_of(revision), follow=True)):
        assert "are not kept any more, so there is no going back to it." in answer.content.decode()
    assert operator.get("/admin/kamailio/revisions/999/roll-back/").status_code == 404


def test_only_those_who_may_are_led_there(login: Callable[..., Client], carriers: Carriers, revision: Revision) -> None:
    for role in ("viewer", "editor"):
        page = login(role).get(f"/admin/kamailio_bridge/revision/{revision.pk}/change/").content.decode()
        assert "roll-back" not in page


def test_who_may_reload_but_not_edit_may_not_roll_back(login: Callable[..., Client], revision: Revision) -> None:
    """To go back is to add, change and delete carriers."""
    client = login("staff")
    names = ("reload_kamailio", "view_revision")
    get_user_model().objects.get(username="staff").user_permissions.set(Permission.objects.filter(codename__in=names))
    assert client.get(f"/admin/kamailio_bridge/revision/{revision.pk}/change/").status_code == 200
    assert [client.get(url_of(revision)).status_code, client.post(url_of(revision)).status_code] == [403, 403]
    assert not RollBack.objects.exists()
