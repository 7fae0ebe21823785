"""Placeholders for live states in the pages, and the answer that fills them, without a running Kamailio."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from carriers.models import AuthCredential, CarrierGroup
from tests.admin.forms import GROUPS, PASSWORD, Carriers
from tests.admin.test_lists import make_groups, queries_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kamailio_down")]

REGISTRATIONS = "/admin/kamailio/registrations/"


def test_a_node_that_is_down_is_reported_and_delays_no_page(editor: Client, carriers: Carriers) -> None:
    assert f'<span class="registration" data-group="{carriers.group.pk}">' in editor.get(GROUPS).content.decode()
    answer = editor.get(REGISTRATIONS, {"group": carriers.group.pk}).json()["registrations"]
    assert list(answer) == [str(carriers.group.pk)]
    shown = answer[str(carriers.group.pk)]
    assert (shown["state"], shown["words"], shown["severity"]) == ("unreachable", "Node unreachable", "problem")
    assert "Node local can't be asked" in shown["sentence"]
    assert "connection refused" in shown["sentence"]


def test_what_needs_no_node_is_reported(editor: Client, carriers: Carriers) -> None:
    CarrierGroup.objects.update(enabled=False)
    shown = editor.get(REGISTRATIONS, {"group": carriers.group.pk}).json()["registrations"][str(carriers.group.pk)]
    assert (shown["words"], shown["severity"]) == ("Disabled", "neutral")


def test_groups_without_credential_have_no_state(editor: Client, carriers: Carriers) -> None:
    AuthCredential.objects.all().delete()
    assert 'class="registration"' not in editor.get(GROUPS).content.decode()
    assert 'class="registration' not in editor.get(carriers.group_url).content.decode()
    assert editor.get(REGISTRATIONS, {"group": carriers.group.pk}).json() == {"registrations": {}}


@pytest.mark.parametrize("query", ["", "group=", "group=x&group=-1&group=1.5", "group=99999999999999999999", "group=²"])
def test_nonsense_asks_for_nothing(editor: Client, carriers: Carriers, query: str) -> None:
    assert editor.get(f"{REGISTRATIONS}?{query}").json() == {"registrations": {}}


def test_a_page_full_costs_as_few_queries_as_one_group(editor: Client, carriers: Carriers) -> None:
    make_groups(0, 300)
    one = queries_of(editor, f"{REGISTRATIONS}?group={carriers.group.pk}")
    keys = CarrierGroup.objects.values_list("pk", flat=True)
    many = f"{REGISTRATIONS}?{'&'.join(f'group={pk}' for pk in keys)}"
    assert len(queries_of(editor, many)) == len(one)
    assert len(editor.get(many).json()["registrations"]) <= 200


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_editors_have_the_buttons(login: Callable[..., Client], carriers: Carriers, role: str) -> None:
    html = login(role).get(carriers.group_url).content.decode()
    assert 'class="registration long"' in html
    assert ("test_carrier.js" in html) == ("/admin/kamailio/test/credential/" in html) == (role == "editor")
    assert PASSWORD not in html
