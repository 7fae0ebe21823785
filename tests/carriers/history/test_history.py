"""The history is complete: whatever way carriers are changed, it holds exactly what differs, and who did it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client

from carriers.documents import load_document
from carriers.history.actor import acting
from carriers.history.models import HistoryEntry
from carriers.history.recording import changes_not_applied, entries_of, in_one_batch
from carriers.models import PBX, AuthCredential, CarrierGroup, Endpoint, OutboundRoute
from carriers.services import set_enabled
from carriers.snapshots.differences import differences
from carriers.snapshots.restore import restore_state
from carriers.snapshots.state import take_state
from tests.admin.forms import PASSWORD, Carriers, post_page
from tests.e2e.random_operator import Operator

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])

DOCUMENT: dict[str, Any] = {
    "carrier_groups": [
        {
            "name": "Acme",
            "selection": "weight",
            "endpoints": [{"host": "203.0.113.8", "strip": "2"}, {"host": "203.0.113.99"}],
            "sources": ["192.0.2.0/24"],
            "credential": {"username": "2000", "password": "another one", "registrar": "sip.other.example"},
        },
        {"name": "New", "endpoints": [{"host": "203.0.113.50"}]},
    ],
    "pbxs": [{"name": "branch", "host": "192.0.2.77", "sources": ["192.0.2.77"]}],
    "outbound_routes": [{"prefix": "9", "groups": ["New", "Acme"]}, {"prefix": "", "groups": ["New"]}],
    "inbound_routes": [{"prefix": "1555", "pbx": "branch"}],
}


def load(_carriers: Carriers) -> None:
    load_document(DOCUMENT)


def load_and_prune(_carriers: Carriers) -> None:
    load_document(DOCUMENT, prune=True)


def disable(_carriers: Carriers) -> None:
    set_enabled(groups=CarrierGroup.objects.all(), enabled=False)


def delete_by_cascade(carriers: Carriers) -> None:
    carriers.group.delete()
    PBX.objects.all().delete()


def delete_in_one_batch(carriers: Carriers) -> None:
    with in_one_batch():
        carriers.group.delete()


def save_each(carriers: Carriers) -> None:
    carriers.group.name = "Acme Ltd"
    carriers.group.save()
    endpoint = carriers.group.endpoints.order_by("pk").first()
    assert endpoint is not None
    endpoint.strip, endpoint.enabled = 5, False
    endpoint.save()
    carriers.inbound.pbx = PBX.objects.create(name="branch", host="192.0.2.77")
    carriers.inbound.save()
    OutboundRoute.objects.create(prefix="8")


def roll_back(carriers: Carriers) -> None:
    state = take_state()
    HistoryEntry.objects.all().delete()  # the test looks at what going back records
    restore_state({key: {**table, "rows": []} for key, table in state.items()})


@pytest.mark.parametrize(
    "change", [load, load_and_prune, disable, delete_by_cascade, delete_in_one_batch, save_each, roll_back]
)
def test_what_differs_is_what_is_recorded(change: Callable[[Carriers], None], carriers: Carriers) -> None:
    HistoryEntry.objects.all().delete()
    before = take_state()
    change(carriers)
    assert recorded() == expected(before)
    assert recorded()


def test_keys_that_a_database_does_not_tell_are_recorded_too(
    carriers: Carriers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL tells no keys of rows that are inserted together; MariaDB and SQLite do."""
    HistoryEntry.objects.all().delete()
    before = take_state()
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    load_document(DOCUMENT, prune=True)
    assert recorded() == expected(before)


def test_random_edits_are_recorded(carriers: Carriers) -> None:
    """What a random operator saves and deletes one by one; updates past the models are not among them."""
    operator = Operator(7)
    for edit in ("move_endpoints", "change_route", "change_pbx"):  # these write with QuerySet.update()
        setattr(operator, edit, lambda: False)
    for _ in range(60):
        HistoryEntry.objects.all().delete()
        before = take_state()
        done = operator.edit()
        assert recorded() == expected(before), done


def test_the_admin_records_who_did_it(operator: Client, carriers: Carriers) -> None:
    HistoryEntry.objects.all().delete()
    before = take_state()
    operator.post(
        "/admin/carriers/carriergroup/",
        {"action": "disable", "_selected_action": [carriers.group.pk]},
    )
    operator.post(f"/admin/carriers/outboundroute/{carriers.outbound.pk}/delete/", {"post": "yes"})
    assert recorded() == expected(before)
    user = get_user_model().objects.get(username="operator")
    assert set(HistoryEntry.objects.values_list("actor_name", "actor")) == {("operator", user.pk)}
    user.delete()
    of_carriers = HistoryEntry.objects.exclude(content_type__app_label="auth")
    assert set(of_carriers.values_list("actor_name", "actor")) == {("operator", None)}


def test_rows_that_exchange_their_values_are_recorded_as_changes(operator: Client, carriers: Carriers) -> None:
    """A page takes them out and stores them again, because a unique index refuses one after the other."""
    carriers.group.sources.create(network="192.0.2.0/24")
    HistoryEntry.objects.all().delete()
    before = take_state()
    values = {"sources-0-network": "192.0.2.0/24", "sources-1-network": "198.51.100.0/24"}
    post_page(operator, carriers.group_url, values)
    assert {change.action for change in differences(before, take_state())} == {"changed"}
    assert len(recorded()) == 2
    assert recorded() == expected(before)


def test_a_row_that_gives_its_value_to_another_and_goes_is_recorded(operator: Client, carriers: Carriers) -> None:
    carriers.group.sources.create(network="192.0.2.0/24")
    HistoryEntry.objects.all().delete()
    before = take_state()
    values = {"sources-0-network": "10.0.0.0/8", "sources-0-DELETE": "on", "sources-1-network": "198.51.100.0/24"}
    post_page(operator, carriers.group_url, values)
    assert sorted(change.action for change in differences(before, take_state())) == ["changed", "deleted"]
    assert [entry[:3] for entry in recorded()] == [
        (change.model._meta.model_name, change.pk, change.action) for change in differences(before, take_state())
    ]


def test_a_command_is_named_as_one(carriers: Carriers, tmp_path: Any) -> None:
    last = HistoryEntry.objects.latest("pk").pk
    document = tmp_path / "carriers.json"
    document.write_text(json.dumps(DOCUMENT))
    call_command("load_carriers", str(document), verbosity=0)
    assert {change.who for change in changes_not_applied(after=last)} == {"manage.py"}


def test_a_dry_run_leaves_no_history(carriers: Carriers) -> None:
    HistoryEntry.objects.all().delete()
    load_document(DOCUMENT, dry_run=True)
    assert recorded() == []


def test_no_secret_is_in_the_history(carriers: Carriers) -> None:
    load_document(DOCUMENT)
    credential = AuthCredential.objects.get()
    credential.set_password("a third one")
    credential.save()
    text = json.dumps(list(HistoryEntry.objects.values_list("changes", "object_repr", "serialized_data")))
    for secret in (PASSWORD, "another one", "a third one", credential.password_ciphertext, "gAAAA"):
        assert secret not in text
    assert changes_not_applied()[0].details == ["password changed"]


def test_what_happened_is_said_in_words(carriers: Carriers) -> None:
    last = HistoryEntry.objects.latest("pk").pk
    user = get_user_model().objects.create_user("ada")
    endpoint = Endpoint.objects.get(host="203.0.113.7")
    with acting(lambda: user):
        endpoint.strip, endpoint.name, endpoint.enabled = 0, "", False
        endpoint.save()
        carriers.inbound.delete()
        PBX.objects.create(name="branch", host="192.0.2.77")
    added, deleted, changed = changes_not_applied(after=last)
    assert changes_not_applied(after=last, limit=1) == [added]
    assert changes_not_applied()[:3] == [added, deleted, changed]
    assert (changed.who, changed.action) == ("ada", "changed")
    assert changed.what == "carrier group “Acme”, endpoint 203.0.113.7:5060"
    assert sorted(changed.details) == ["enabled yes -> no", "friendly name primary -> (blank)", "strip 1 -> 0"]
    assert str(deleted) == "inbound route 1444 deleted"
    assert "PBX office" in deleted.details
    assert str(added) == "PBX “branch” added"
    assert {"address 192.0.2.77", "enabled yes", "name branch", "port 5060", "transport UDP"} <= set(added.details)


def test_what_happened_to_the_parts_of_an_object_is_found_with_it(carriers: Carriers) -> None:
    endpoint = Endpoint.objects.get(host="203.0.113.8")
    endpoint.delete()
    group = entries_of("carriers.carriergroup", carriers.group.pk)
    assert group[0].object_repr == "carrier group “Acme”, endpoint “backup” (203.0.113.8:5060/tcp)"
    assert {entry.content_type.model for entry in group} == {
        "carriergroup",
        "endpoint",
        "sourcenetwork",
        "authcredential",
    }


def recorded() -> list[Any]:
    """Return what the history holds, in a form that can be compared."""
    codes = {0: "added", 1: "changed", 2: "deleted"}
    return sorted(
        (
            entry.content_type.model,
            entry.object_id,
            codes[entry.action],
            plain(entry.changes),
        )
        for entry in HistoryEntry.objects.select_related("content_type")
    )


def expected(before: Any) -> list[Any]:
    """Return what differs between a state and the present one, in the same form."""
    return sorted(
        (change.model._meta.model_name, change.pk, change.action, plain(change.fields))
        for change in differences(before, take_state())
    )


def plain(fields: dict[str, Any]) -> str:
    """Return the values as text, in the same order."""
    return json.dumps({name: list(values) for name, values in sorted(fields.items())})
