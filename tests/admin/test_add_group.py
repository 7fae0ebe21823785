"""The short form: few fields, all or nothing, and back on the list with the new group marked."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from tests.admin.forms import ADD_GROUP, PASSWORD, errors_of
from tests.input import BAD_HOSTS, GOOD_NAMES

pytestmark = pytest.mark.django_db

IP = {"name": "Acme", "authentication": "ip"}
BY_PASSWORD = {
    "name": "Acme",
    "authentication": "password",
    "username": "1000",
    "password": PASSWORD,
    "registrar": "sip.acme.example",
}


def stored() -> list[int]:
    return [model.objects.count() for model in (CarrierGroup, Endpoint, SourceNetwork, AuthCredential)]


def test_ip_authentication(editor: Client) -> None:
    response = editor.post(
        ADD_GROUP, {**IP, "address": "[2001:DB8::1]:5070", "sources": "198.51.100.0/24\n192.0.2.1, 192.0.2.2"}
    )
    group = CarrierGroup.objects.get()
    assert response["Location"] == f"/admin/carriers/carriergroup/#group-{group.pk}"
    endpoint = group.endpoints.get()
    assert (endpoint.host, endpoint.port, endpoint.transport, endpoint.position) == ("2001:db8::1", 5070, "udp", 1)
    assert [source.network for source in group.sources.all()] == ["198.51.100.0/24", "192.0.2.1/32", "192.0.2.2/32"]
    assert not AuthCredential.objects.exists()
    html = editor.get("/admin/carriers/carriergroup/").content.decode()
    assert f'id="group-{group.pk}"' in html
    told = "The carrier group “Acme” was added. Calls go to [2001:db8::1]:5070 as dialled. "
    assert f'{told}<a href="/admin/carriers/carriergroup/{group.pk}/change/">' in html
    assert LogEntry.objects.get().object_id == str(group.pk)


def test_a_name_alone_is_enough_for_ip_authentication(editor: Client) -> None:
    assert editor.post(ADD_GROUP, IP).status_code == 302
    assert stored() == [1, 0, 0, 0]


def reported(client: Client) -> str:
    """Return the messages on the list, as text."""
    html = client.get("/admin/carriers/carriergroup/").content.decode()
    return re.sub(r"<[^>]+>", "", html.partition('class="messagelist"')[2].partition("</ul>")[0])


def test_the_registrar_is_no_endpoint_unless_it_is_ticked(editor: Client) -> None:
    assert editor.post(ADD_GROUP, BY_PASSWORD).status_code == 302
    assert stored() == [1, 0, 0, 1]
    assert "“Acme” was added. It has no endpoint yet, so no calls go to it. Edit it to add endpoints" in reported(
        editor
    )


def test_an_address_is_the_first_endpoint_and_the_message_says_so(editor: Client) -> None:
    editor.post(ADD_GROUP, {**IP, "address": "203.0.113.7"})
    assert "Calls go to 203.0.113.7:5060 as dialled. Edit it" in reported(editor)


def test_a_ticked_registrar_becomes_an_endpoint(editor: Client) -> None:
    typed = {**BY_PASSWORD, "registrar": "sip:sip.acme.example:5070;transport=tcp", "takes_calls": "on"}
    response = editor.post(ADD_GROUP, typed)
    assert response.status_code == 302
    assert "Calls go to sip.acme.example:5070/tcp as dialled." in reported(editor)
    credential = AuthCredential.objects.get()
    assert (credential.username, credential.registrar, credential.port) == ("1000", "sip.acme.example", 5070)
    assert (
        credential.ha1()
        == AuthCredential(
            username="1000", registrar="sip.acme.example", password_ciphertext=credential.password_ciphertext
        ).ha1()
    )
    endpoint = credential.group.endpoints.get()
    assert (endpoint.name, endpoint.host, endpoint.port, endpoint.transport) == (
        "registrar",
        "sip.acme.example",
        5070,
        "tcp",
    )


def test_the_new_group_is_on_the_page_of_the_list_that_is_shown(editor: Client) -> None:
    CarrierGroup.objects.bulk_create(CarrierGroup(name=f"group {number:03}") for number in range(120))
    location = editor.post(ADD_GROUP, {**IP, "name": "group 119b"})["Location"]
    assert location.startswith("/admin/carriers/carriergroup/?p=5#group-")
    assert f'id="{location.partition("#")[2]}"' in editor.get(location).content.decode()


def test_from_a_route_the_form_opens_as_popup(editor: Client) -> None:
    page = editor.get(ADD_GROUP + "?_popup=1").content.decode()
    assert '<input type="hidden" name="_popup" value="1">' in page
    answer = editor.post(ADD_GROUP, {**IP, "_popup": "1"})
    assert answer.status_code == 200
    assert "Acme" in answer.content.decode()
    assert stored() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"name": ""}, "name", "This field is required"),
        ({"name": "   "}, "name", "This field is required"),
        ({"name": "x" * 300}, "name", "at most 64 characters"),
        ({"name": "a\x07b"}, "name", "control characters"),
        ({"name": "Taken"}, "name", "already"),
        ({"name": "TAKEN"}, "name", "already a carrier group of this name"),
        ({"authentication": "none"}, "authentication", "not one of the available choices"),
        *[({"address": text}, "address", reason) for text, reason in BAD_HOSTS.items() if text.strip()],
        ({"sources": "1.2.3.4/33"}, "sources", "“1.2.3.4/33” is not a network"),
        ({"sources": "192.0.2.0/24 198.51.100.5/24"}, "sources", "198.51.100.5 is a host inside 198.51.100.0/24"),
        ({"sources": "192.0.2.1 192.0.2.1/32"}, "sources", "stands here twice"),
        ({"sources": "0.0.0.0/0"}, "sources", "let everybody in"),
        ({"username": "1000"}, "username", "choose Username/password"),
        ({"takes_calls": "on"}, "takes_calls", "choose Username/password"),
    ],
)
def test_bad_input_by_ip_is_refused(editor: Client, changes: dict[str, str], field: str, reason: str) -> None:
    CarrierGroup.objects.create(name="Taken")
    response = editor.post(ADD_GROUP, {**IP, "address": "203.0.113.7", **changes})
    errors = errors_of(response)
    assert errors.startswith(f"{field}: ")
    assert re.search(reason, errors)
    assert stored() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"username": ""}, "username", "Fill in this field"),
        ({"username": "   "}, "username", "Fill in this field"),
        ({"username": "a b"}, "username", "Blanks and the characters"),
        ({"username": 'a"b'}, "username", "quote"),
        ({"username": "x" * 65}, "username", "at most 64 characters"),
        ({"password": ""}, "password", "Fill in this field"),
        ({"password": "a\x07b"}, "password", "Control characters"),
        ({"password": "x" * 129}, "password", "at most 128 characters"),
        ({"registrar": ""}, "registrar", "Fill in this field"),
        ({"registrar": "999.1.1.1"}, "registrar", "not an IP address"),
        ({"registrar": "host,evil"}, "registrar", "neither an IP address nor a DNS name"),
        ({"registrar": "sip.acme.example:99999"}, "registrar", "not a port"),
        ({"registrar": "a" * 60 + ".example"}, "registrar", "at most 64 characters"),
        ({"address": "203.0.113.7"}, "address", "choose IP authentication"),
    ],
)
def test_bad_input_by_password_is_refused(editor: Client, changes: dict[str, str], field: str, reason: str) -> None:
    response = editor.post(ADD_GROUP, {**BY_PASSWORD, **changes})
    errors = errors_of(response)
    assert errors.startswith(f"{field}: ")
    assert reason in errors
    assert stored() == [0, 0, 0, 0]


def test_what_was_typed_is_kept_apart_from_the_password(editor: Client) -> None:
    html = editor.post(ADD_GROUP, {**BY_PASSWORD, "registrar": "bad host"}).content.decode()
    assert 'value="Acme"' in html
    assert 'value="1000"' in html
    assert 'value="bad host"' in html
    assert PASSWORD not in html


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_names_that_others_refuse(editor: Client, name: str) -> None:
    assert editor.post(ADD_GROUP, {**IP, "name": name}).status_code == 302
    assert CarrierGroup.objects.get().name == name
    html = editor.get("/admin/carriers/carriergroup/").content.decode()
    assert "<script>alert(1)" not in html
    page = editor.get(f"/admin/carriers/carriergroup/{CarrierGroup.objects.get().pk}/change/").content.decode()
    assert "<script>alert(1)" not in page
