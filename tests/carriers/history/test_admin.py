"""The history in the admin: of an object with its parts, and of everything that was deleted."""

from __future__ import annotations

import pytest
from django.test import Client

from carriers.history.admin import ENTRIES_ON_A_PAGE
from carriers.history.recording import in_one_batch
from carriers.models import CarrierGroup, Endpoint
from kamailio_bridge.apply.operations import apply
from tests.admin.forms import PASSWORD, Carriers

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]


def history_of(client: Client, group: CarrierGroup, query: str = "") -> str:
    return client.get(f"/admin/carriers/carriergroup/{group.pk}/history/{query}").content.decode()


def test_the_page_of_an_object_shows_fields_people_and_revisions(operator: Client, carriers: Carriers) -> None:
    number = apply(author=None, nodes=[]).revision
    endpoint = Endpoint.objects.get(host="203.0.113.7")
    endpoint.strip = 7
    endpoint.save()
    html = history_of(operator, carriers.group)
    assert "strip 1 → 7" in html
    assert "carrier group “Acme”, endpoint “primary” (203.0.113.7:5060) changed" in html
    assert "not applied yet" in html
    assert f'<a href="/admin/kamailio_bridge/revision/{number}/change/">revision {number}</a>' in html
    assert "auth credential 1000 at sip.acme.example:5060 added" in html
    assert PASSWORD not in html
    assert "gAAAA" not in html


def test_deleted_objects_are_found_in_the_list(operator: Client, carriers: Carriers) -> None:
    operator.post(f"/admin/carriers/carriergroup/{carriers.group.pk}/delete/", {"post": "yes"})
    html = operator.get("/admin/history/historyentry/?q=primary").content.decode()
    assert "carrier group “Acme”, endpoint “primary” (203.0.113.7:5060)" in html
    assert "deleted" in html
    assert "operator" in html
    assert operator.get(f"/admin/carriers/carriergroup/{carriers.group.pk}/history/").status_code == 302


def test_a_long_history_has_pages(operator: Client, carriers: Carriers) -> None:
    with in_one_batch():
        for number in range(ENTRIES_ON_A_PAGE):
            carriers.group.name = f"Name {number}"
            carriers.group.save()
    first, second = history_of(operator, carriers.group), history_of(operator, carriers.group, "?p=2")
    assert "Page 1 of 2" in first
    assert "name Acme → Name 0" not in second
    assert "carrier group “Acme” added" in second


def test_nobody_changes_the_history(operator: Client, carriers: Carriers) -> None:
    entry = operator.get("/admin/history/historyentry/")
    assert entry.status_code == 200
    assert "Add change" not in entry.content.decode()
    assert operator.get("/admin/history/historyentry/add/").status_code == 403
    assert operator.post("/admin/history/historyentry/", {"action": "delete_selected"}).status_code in (200, 302, 403)
