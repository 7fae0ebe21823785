"""Simultaneous edits of one page: both are kept, and on a conflict the second user sees both and decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from carriers.models import AuthCredential, CarrierGroup, Endpoint, InboundRoute, OutboundRoute
from tests.admin.forms import Carriers, errors_of, fields_of, new_endpoint, post_page

pytestmark = pytest.mark.django_db

HOW_TO_OVERWRITE = "press Save again to store it over that"


@pytest.fixture
def bob(login: Callable[..., Client]) -> Client:
    """The other one, who saves first."""
    return login("operator")


def opened(client: Client, url: str) -> dict[str, str]:
    """Return the fields of a page as somebody opened it, to be posted later."""
    return fields_of(client.get(url).content.decode())


def save(client: Client, url: str, fields: dict[str, str], **changes: str) -> Any:
    return client.post(url, {**fields, **changes, "_save": "Save"}, follow=True)


def messages_of(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def endpoints(group: CarrierGroup) -> list[tuple[int, str, str, int]]:
    rows = group.endpoints.order_by("position", "pk").values_list("position", "name", "host", "strip")
    return [tuple(row) for row in rows]


def test_both_add_an_endpoint(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **new_endpoint(2, 3, host="203.0.113.50", name="bob's"))
    response = save(editor, url, fields, **new_endpoint(2, 3, host="203.0.113.60", name="mine"))
    assert endpoints(carriers.group)[2:] == [(3, "bob's", "203.0.113.50", 0), (4, "mine", "203.0.113.60", 0)]
    assert (
        "Since you opened the page: operator added endpoint “bob's” (203.0.113.50:5060). That is kept."
        in messages_of(response)
    )


def test_each_changes_another_row(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "2", "sources-0-network": "198.51.100.0/25"})
    response = save(editor, url, fields, **{"endpoints-1-strip": "5", "name": "Renamed"})
    assert [row[3] for row in endpoints(carriers.group)] == [2, 5]
    assert carriers.group.sources.get().network == "198.51.100.0/25"
    assert CarrierGroup.objects.get().name == "Renamed"
    assert "strip from 1 to 2." in messages_of(response)
    assert "network from “198.51.100.0/24” to “198.51.100.0/25”." in messages_of(response)


def test_both_change_one_row(editor: Client, bob: Client, carriers: Carriers) -> None:
    """The second is told, keeps what was typed, and may insist."""
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "2", "endpoints-0-prefix": "+1"})
    mine = {"endpoints-0-strip": "7", **new_endpoint(2, 3, host="203.0.113.60")}
    refused = save(editor, url, fields, **mine)
    errors = errors_of(refused)
    assert (
        "Operator changed endpoint “primary” (203.0.113.7:5060): strip from 1 to 2, prefix from (blank) to “+1”."
        in errors
    )
    assert HOW_TO_OVERWRITE in errors
    assert [row[3] for row in endpoints(carriers.group)] == [2, 0]
    again = fields_of(refused.content.decode())
    assert (again["endpoints-0-strip"], again["endpoints-2-host"]) == ("7", "203.0.113.60")
    assert save(editor, url, again).redirect_chain
    assert [row[3] for row in endpoints(carriers.group)] == [7, 0, 0]


def test_between_the_refusal_and_the_second_save_somebody_saves_again(
    editor: Client, bob: Client, carriers: Carriers
) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "2"})
    refused = save(editor, url, fields, **{"endpoints-0-strip": "7"})
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "3"})
    errors = errors_of(save(editor, url, fields_of(refused.content.decode())))
    assert "strip from 2 to 3" in errors
    assert endpoints(carriers.group)[0][3] == 3


def test_the_same_change_by_both_is_no_conflict(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), name="Renamed")
    assert save(editor, url, fields, name="Renamed").redirect_chain


def test_both_change_the_group_itself(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, {name: value for name, value in opened(bob, url).items() if name != "enabled"}, name="Bob's")
    refused = save(editor, url, fields, name="Mine")
    assert "Operator changed carrier group “Acme”: name from “Acme” to “Bob's”, enabled from yes to no." in errors_of(
        refused
    )
    assert save(editor, url, fields_of(refused.content.decode())).redirect_chain
    group = CarrierGroup.objects.get()
    assert (group.name, group.enabled) == ("Mine", True)


def test_a_row_that_was_deleted_meanwhile(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-DELETE": "on"})
    response = save(editor, url, fields, **{"endpoints-1-strip": "5"})
    assert endpoints(carriers.group) == [(2, "backup", "203.0.113.8", 5)]
    assert "operator deleted endpoint “primary” (203.0.113.7:5060)." in messages_of(response)


def test_a_row_that_was_deleted_while_it_was_changed(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-DELETE": "on"})
    refused = save(editor, url, fields, **{"endpoints-0-strip": "5"})
    assert "What you typed is a new row below." in errors_of(refused)
    assert save(editor, url, fields_of(refused.content.decode())).redirect_chain
    assert endpoints(carriers.group) == [(1, "primary", "203.0.113.7", 5), (2, "backup", "203.0.113.8", 0)]


def test_deleting_a_row_that_somebody_changed_asks_first(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "2"})
    refused = save(editor, url, fields, **{"endpoints-0-DELETE": "on"})
    assert "strip from 1 to 2" in errors_of(refused)
    assert carriers.group.endpoints.count() == 2
    assert save(editor, url, fields_of(refused.content.decode())).redirect_chain
    assert carriers.group.endpoints.count() == 1


def test_both_delete_one_row(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-DELETE": "on"})
    assert save(editor, url, fields, **{"endpoints-0-DELETE": "on"}).redirect_chain
    assert [row[1] for row in endpoints(carriers.group)] == ["backup"]


# --- The credential ---------------------------------------------------------------------------------------------------


def test_a_new_password_of_somebody_else_is_not_overwritten(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"credential-0-password": "bob's new one"})
    refused = save(editor, url, fields, **{"credential-0-password": "mine"})
    errors = errors_of(refused)
    assert "Operator changed auth credential 1000 at sip.acme.example:5060: the password." in errors
    assert "bob's new one" not in refused.content.decode()
    assert AuthCredential.objects.get().password_is("bob's new one")
    again = fields_of(refused.content.decode())
    assert save(editor, url, again, **{"credential-0-password": "mine"}).redirect_chain
    assert AuthCredential.objects.get().password_is("mine")


def test_a_new_password_stays_when_the_rest_is_saved(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"credential-0-password": "bob's new one"})
    assert save(editor, url, fields, **{"endpoints-0-strip": "4"}).redirect_chain
    assert AuthCredential.objects.get().password_is("bob's new one")


def test_both_add_a_credential(editor: Client, bob: Client, carriers: Carriers) -> None:
    AuthCredential.objects.all().delete()
    url = carriers.group_url
    typed = {
        "credential-TOTAL_FORMS": "1",
        "credential-0-id": "",
        "credential-0-registrar": "sip.acme.example",
        "credential-0-port": "5060",
        "credential-0-transport": "udp",
        "credential-0-expires": "3600",
    }
    fields = opened(editor, url)
    theirs = {"credential-0-username": "2000", "credential-0-password": "theirs"}
    save(bob, url, opened(bob, url), **typed, **theirs)
    mine = {"credential-0-username": "3000", "credential-0-password": "mine"}
    refused = save(editor, url, fields, **typed, **mine)
    assert "Operator added auth credential 2000 at sip.acme.example:5060." in errors_of(refused)
    again = fields_of(refused.content.decode())
    assert save(editor, url, again, **{"credential-0-password": "mine"}).redirect_chain
    credential = AuthCredential.objects.get()
    assert (credential.username, credential.password_is("mine")) == ("3000", True)


# --- The other pages --------------------------------------------------------------------------------------------------


def test_a_page_of_what_was_deleted_says_who_did_it(editor: Client, bob: Client, carriers: Carriers) -> None:
    fields = opened(editor, carriers.group_url)
    bob.post(carriers.group_url.replace("change", "delete"), {"post": "yes"})
    response = save(editor, carriers.group_url, fields, name="Mine")
    assert response.status_code == 200
    assert messages_of(response) == (
        "The carrier group “Acme” was deleted by operator since you opened its page: nothing was stored."
    )


def test_an_outbound_route(editor: Client, bob: Client, carriers: Carriers) -> None:
    url = carriers.outbound_url
    second, third = CarrierGroup.objects.create(name="Second"), CarrierGroup.objects.create(name="Third")
    fields = opened(editor, url)

    def another(group: CarrierGroup) -> dict[str, str]:
        return {
            "route_groups-TOTAL_FORMS": "2",
            "route_groups-1-id": "",
            "route_groups-1-position": "",
            "route_groups-1-group": str(group.pk),
        }

    save(bob, url, opened(bob, url), **another(second))
    assert save(editor, url, fields, **another(third)).redirect_chain
    assert [str(each) for each in carriers.outbound.route_groups.order_by("position")] == ["Acme", "Second", "Third"]
    fields = opened(editor, url)
    save(
        bob,
        url,
        opened(bob, url),
        **{"route_groups-0-group": str(second.pk), "route_groups-1-group": str(carriers.group.pk)},
    )
    refused = save(editor, url, fields, **{"route_groups-0-group": str(third.pk), "route_groups-2-DELETE": "on"})
    assert "carrier group of the route “Acme”: group from “Acme” to “Second”." in errors_of(refused)


def test_a_pbx_and_an_inbound_route(editor: Client, bob: Client, carriers: Carriers) -> None:
    fields = opened(editor, carriers.pbx_url)
    save(bob, carriers.pbx_url, opened(bob, carriers.pbx_url), host="192.0.2.10")
    assert "address from “192.0.2.9” to “192.0.2.10”" in errors_of(
        save(editor, carriers.pbx_url, fields, host="192.0.2.11")
    )
    fields = opened(editor, carriers.inbound_url)
    save(bob, carriers.inbound_url, opened(bob, carriers.inbound_url), prefix="1555")
    assert "number prefix from “1444” to “1555”" in errors_of(save(editor, carriers.inbound_url, fields, prefix="1666"))
    assert InboundRoute.objects.get().prefix == "1555"


def test_each_row_names_its_own_author(login: Callable[..., Client], editor: Client, carriers: Carriers) -> None:
    bob, root = login("operator"), login("superuser")
    url = carriers.group_url
    fields = opened(editor, url)
    save(bob, url, opened(bob, url), **{"endpoints-0-strip": "2"})
    save(root, url, opened(root, url), **{"endpoints-0-strip": "3", "endpoints-1-strip": "4"})
    Endpoint.objects.get(position=1).save()  # nothing changes, so nobody is named for it
    carriers.group.sources.get().delete()
    errors = errors_of(save(editor, url, fields, **{"endpoints-0-strip": "7", "sources-0-network": "192.0.2.0/24"}))
    assert "Operator and superuser changed endpoint “primary” (203.0.113.7:5060): strip from 1 to 3." in errors
    assert "Manage.py deleted source network 198.51.100.0/24." in errors
    assert "backup" not in errors


def test_a_change_without_history_is_somebodys(editor: Client, carriers: Carriers) -> None:
    fields = opened(editor, carriers.group_url)
    Endpoint.objects.filter(position=1).update(strip=3)
    errors = errors_of(save(editor, carriers.group_url, fields, **{"endpoints-0-strip": "7"}))
    assert "Somebody changed endpoint" in errors


def test_ones_own_second_window(editor: Client, carriers: Carriers) -> None:
    fields = opened(editor, carriers.group_url)
    post_page(editor, carriers.group_url, {"endpoints-0-strip": "3"})
    errors = errors_of(save(editor, carriers.group_url, fields, **{"endpoints-0-strip": "7"}))
    assert "You, in another window, changed endpoint" in errors


@pytest.mark.parametrize("shown", ["", "not ours", "e30:1abc:def"])
def test_a_page_without_its_signed_state_is_taken_as_it_is(editor: Client, carriers: Carriers, shown: str) -> None:
    fields = opened(editor, carriers.group_url)
    assert save(editor, carriers.group_url, fields, _shown=shown, name="Renamed").redirect_chain
    assert CarrierGroup.objects.get().name == "Renamed"


def test_a_page_of_garbage_counts_is_refused_and_not_a_crash(editor: Client, bob: Client, carriers: Carriers) -> None:
    fields = opened(editor, carriers.group_url)
    save(bob, carriers.group_url, opened(bob, carriers.group_url), **{"endpoints-0-strip": "2"})
    for count in ("x", "99999999999", "", "²"):
        for kind in ("TOTAL", "INITIAL"):
            response = save(editor, carriers.group_url, fields, **{f"endpoints-{kind}_FORMS": count})
            assert response.status_code == 200
    assert [row[3] for row in endpoints(carriers.group)] == [2, 0]


def test_those_who_may_only_look_get_no_state(login: Callable[..., Client], carriers: Carriers) -> None:
    assert "_shown" not in fields_of(login("viewer").get(carriers.group_url).content.decode())
    assert OutboundRoute.objects.exists()
