"""The page of one carrier group: endpoints in order, sources, and the credential."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from carriers.models import AuthCredential, CarrierGroup, Endpoint, SourceNetwork
from tests.admin.forms import PASSWORD, Carriers, errors_of, fields_of, new_endpoint, post_page
from tests.input import (
    BAD_CREDENTIALS,
    BAD_ENDPOINTS,
    BAD_NAMES,
    BAD_NETWORKS,
    BAD_SETTINGS,
    GOOD_HOSTS,
    GOOD_PASSWORDS,
)

pytestmark = pytest.mark.django_db

NO_ENDPOINT = "This group has no endpoint, so no calls go to it: add one under Endpoints."
NEW_CREDENTIAL = {
    "credential-TOTAL_FORMS": "1",
    "credential-0-id": "",
    "credential-0-username": "2000",
    "credential-0-password": PASSWORD,
    "credential-0-registrar": "sip.other.example:5070",
    "credential-0-port": "5060",
    "credential-0-transport": "udp",
    "credential-0-register": "on",
    "credential-0-expires": "3600",
}


def snapshot() -> list[object]:
    """Return all that is stored of carrier groups, to see that nothing changed."""
    models = (CarrierGroup, Endpoint, SourceNetwork, AuthCredential)
    return [row for model in models for row in model.objects.order_by("pk").values_list()]


def test_saving_a_page_as_it_is_changes_nothing(editor: Client, carriers: Carriers) -> None:
    before = snapshot()
    assert post_page(editor, carriers.group_url, {}).redirect_chain
    assert snapshot() == before


def test_a_new_endpoint_goes_to_the_end(editor: Client, carriers: Carriers) -> None:
    post_page(editor, carriers.group_url, new_endpoint(2, 4, host="a.example") | new_endpoint(3, 4, host="b.example"))
    assert [(e.position, e.host) for e in carriers.group.endpoints.order_by("position", "pk")] == [
        (1, "203.0.113.7"),
        (2, "203.0.113.8"),
        (3, "a.example"),
        (4, "b.example"),
    ]


def test_endpoints_are_reordered_by_position(editor: Client, carriers: Carriers) -> None:
    post_page(editor, carriers.group_url, {"endpoints-0-position": "5"})
    html = editor.get(carriers.group_url).content.decode()
    assert html.index('value="203.0.113.8"') < html.index('value="203.0.113.7"')


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        *[({"host": text}, parts) for text, parts in GOOD_HOSTS.items()],
        ({"host": "gw.example", "port": "5080", "transport": "tcp"}, ("gw.example", 5080, "tcp")),
        ({"host": "gw.example:5080", "port": "5080"}, ("gw.example", 5080, "udp")),
        ({"host": "gw.example:5080", "port": ""}, ("gw.example", 5080, "udp")),
        ({"host": "gw.example", "port": ""}, ("gw.example", None, "udp")),
        ({"host": "203.0.113.9", "port": ""}, ("203.0.113.9", 5060, "udp")),
    ],
)
def test_addresses_are_split(
    editor: Client, carriers: Carriers, typed: dict[str, str], expected: tuple[str, int, str]
) -> None:
    assert post_page(editor, carriers.group_url, new_endpoint(2, 3, **typed)).redirect_chain
    endpoint = carriers.group.endpoints.get(position=3)
    assert (endpoint.host, endpoint.port, endpoint.transport) == expected


def test_a_stored_endpoint_takes_a_typed_port(editor: Client, carriers: Carriers) -> None:
    post_page(editor, carriers.group_url, {"endpoints-0-host": "203.0.113.7:5090"})
    assert carriers.group.endpoints.get(position=1).port == 5090


def test_the_socket_of_an_endpoint_has_a_field_where_there_is_a_choice(
    editor: Client, carriers: Carriers, settings: Settings
) -> None:
    """Without a choice an edit leaves it alone."""
    field = "endpoints-0-socket"
    assert field not in fields_of(editor.get(carriers.group_url).content.decode())
    settings.DSIPROUTER_SIP_SOCKETS = "carriers=203.0.113.9:5070"
    post_page(editor, carriers.group_url, {field: "Carriers"})
    settings.DSIPROUTER_SIP_SOCKETS = ""
    page = fields_of(editor.get(carriers.group_url).content.decode())
    assert page[field] == "carriers", "one that has a socket shows it"
    post_page(editor, carriers.group_url, {"name": "Renamed"})
    assert carriers.group.endpoints.order_by("position").values_list("socket", flat=True).first() == "carriers"


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        *BAD_ENDPOINTS,
        ({"position": "-1"}, "position", "greater than or equal to 0"),
        ({"host": "203.0.113.7", "strip": "1"}, "host", "another endpoint with the same address"),
    ],
)
def test_bad_endpoints_are_refused(
    editor: Client, carriers: Carriers, settings: Settings, *, typed: dict[str, str], field: str, reason: str
) -> None:
    settings.DSIPROUTER_SIP_SOCKETS = "carriers=203.0.113.9:5070"
    before = snapshot()
    changes = {"name": "Renamed", **new_endpoint(2, 3, **{"host": "gw.example", "weight": "51", **typed})}
    errors = errors_of(post_page(editor, carriers.group_url, changes))
    assert errors.startswith(f"{field}: ")
    assert re.search(reason, errors)
    assert snapshot() == before


def test_the_same_address_is_welcome_with_other_digits(editor: Client, carriers: Carriers) -> None:
    post_page(editor, carriers.group_url, new_endpoint(2, 3, host="203.0.113.7", strip="2"))
    assert carriers.group.endpoints.count() == 3


def test_an_endpoint_is_replaced_by_its_like_in_one_save(editor: Client, carriers: Carriers) -> None:
    changes = {"endpoints-0-DELETE": "on", **new_endpoint(2, 3, host="203.0.113.7", strip="1", name="again")}
    assert post_page(editor, carriers.group_url, changes).redirect_chain
    assert [e.name for e in carriers.group.endpoints.order_by("position")] == ["backup", "again"]


@pytest.mark.parametrize(
    ("name", "reason"), [*BAD_NAMES.items(), ("other", "already"), ("OTHER", "already"), ("MÜLLER", "already")]
)
def test_bad_group_names_are_refused(editor: Client, carriers: Carriers, name: str, reason: str) -> None:
    CarrierGroup.objects.create(name="other")
    CarrierGroup.objects.create(name="Müller")
    before = snapshot()
    errors = errors_of(post_page(editor, carriers.group_url, {"name": name}))
    assert errors.startswith("name: ")
    assert re.search(reason, errors)
    assert snapshot() == before


@pytest.mark.parametrize(("network", "reason"), [*BAD_NETWORKS.items(), ("198.51.100.0/24", "stands here twice")])
def test_bad_sources_are_refused(editor: Client, carriers: Carriers, network: str, reason: str) -> None:
    before = snapshot()
    changes = {"sources-TOTAL_FORMS": "2", "sources-1-id": "", "sources-1-network": network}
    errors = errors_of(post_page(editor, carriers.group_url, changes))
    assert errors.startswith("network: ")
    assert re.search(reason, errors)
    assert snapshot() == before


def test_sources_are_normalised(editor: Client, carriers: Carriers) -> None:
    changes = {"sources-TOTAL_FORMS": "2", "sources-1-id": "", "sources-1-network": " 2001:DB8:: "}
    assert post_page(editor, carriers.group_url, changes).redirect_chain
    assert list(carriers.group.sources.values_list("network", flat=True)) == ["198.51.100.0/24", "2001:db8::/128"]


# --- The credential ---------------------------------------------------------------------------------------------------


def test_a_blank_password_keeps_the_stored_one(editor: Client, carriers: Carriers) -> None:
    before = carriers.group.credential.password_ciphertext
    changes = {"name": "Renamed", "endpoints-0-strip": "3", "credential-0-realm": "asterisk"}
    assert post_page(editor, carriers.group_url, changes).redirect_chain
    credential = AuthCredential.objects.get()
    assert credential.password_ciphertext == before
    assert (credential.realm, credential.group.name) == ("asterisk", "Renamed")
    assert credential.group.endpoints.get(position=1).strip == 3


@pytest.mark.parametrize("password", GOOD_PASSWORDS)
def test_a_new_password_replaces_the_stored_one(editor: Client, carriers: Carriers, password: str) -> None:
    post_page(editor, carriers.group_url, {"credential-0-password": password})
    assert AuthCredential.objects.get().password_is(password)
    assert '"fields": ["password"]' in LogEntry.objects.get().change_message


def test_a_credential_makes_no_endpoint_and_the_page_says_where_calls_go(editor: Client) -> None:
    group = CarrierGroup.objects.create(name="Acme")
    page = f"/admin/carriers/carriergroup/{group.pk}/change/"
    response = post_page(editor, page, NEW_CREDENTIAL)
    assert next(str(message) for message in response.context["messages"]).startswith(NO_ENDPOINT)
    credential = AuthCredential.objects.get()
    assert (credential.registrar, credential.port) == ("sip.other.example", 5070)
    assert not group.endpoints.exists()
    assert NO_ENDPOINT in editor.get(page).content.decode()
    assert "none: no calls go to it" in editor.get("/admin/carriers/carriergroup/").content.decode()


@pytest.mark.parametrize("values", [{"enabled": False}, {"direction": "inbound"}])
def test_endpoints_that_take_no_calls_are_none(editor: Client, carriers: Carriers, values: dict[str, Any]) -> None:
    page = editor.get(carriers.group_url).content.decode()
    assert "no calls go to it" not in page
    carriers.group.endpoints.update(**values)
    page = editor.get(carriers.group_url).content.decode()
    assert "No endpoint of this group is enabled and takes calls, so no calls go to it" in page


@pytest.mark.parametrize(("topic", "typed", "field", "reason"), BAD_SETTINGS)
def test_bad_settings_are_refused(
    editor: Client, carriers: Carriers, *, topic: str, typed: dict[str, str], field: str, reason: str
) -> None:
    """The fieldset of the topic is open then, so that the sentence can be read."""
    before = snapshot()
    response = post_page(editor, carriers.group_url, {"name": "Renamed", **typed})
    errors = errors_of(response)
    assert errors.startswith(f"{field}: ")
    assert re.search(reason, errors)
    fieldset = response.content.decode().partition(f"topic-{topic}")[2].partition("</fieldset>")[0]
    assert "errorlist" in fieldset
    assert "<details>" not in fieldset
    assert snapshot() == before


def test_settings_are_stored_and_summed_up(editor: Client, carriers: Carriers) -> None:
    assert "Failover: as usual" in editor.get(carriers.group_url).content.decode()
    post_page(editor, carriers.group_url, {"failover_codes": "408, 5XX 408", "max_attempts": "2"})
    html = editor.get(carriers.group_url).content.decode()
    assert "Failover: answers that fail over 408 5xx, endpoints tried at most 2" in html
    assert "or answers 408, 5xx. A redirect is followed within this group. After 2 endpoints" in html


def test_an_identity_is_summed_up_and_explained(editor: Client, carriers: Carriers) -> None:
    html = editor.get(carriers.group_url).content.decode()
    assert "Identity: as usual" in html
    assert (
        "From has the user and the domain that the PBX sends. Headers of the PBX that begin with X- are removed."
        in html
    )
    typed = {"from_user": "account", "from_domain": "carrier", "to_domain": "ours", "preferred_identity": "caller"}
    post_page(editor, carriers.group_url, {**typed, "passed_headers": "X-A, x-a X-B"})
    html = editor.get(carriers.group_url).content.decode()
    assert "Identity: From user the account, From domain the carrier" in html
    assert "From has the account and the carrier&#x27;s domain. To has our domain, with the number" in html
    assert "P-Preferred-Identity has the caller&#x27;s number, and is left out if the caller hides it." in html
    assert "are removed, except X-A, X-B." in html


@pytest.mark.parametrize(("typed", "field", "reason"), BAD_CREDENTIALS)
def test_bad_credentials_are_refused(editor: Client, typed: dict[str, str], field: str, reason: str) -> None:
    group = CarrierGroup.objects.create(name="Acme")
    changes = {"name": "Renamed", **NEW_CREDENTIAL, **{f"credential-0-{name}": text for name, text in typed.items()}}
    response = post_page(editor, f"/admin/carriers/carriergroup/{group.pk}/change/", changes)
    errors = errors_of(response)
    assert errors.startswith(f"{field}: ")
    assert re.search(reason, errors)
    assert PASSWORD not in response.content.decode()
    assert snapshot() == [CarrierGroup.objects.filter(name="Acme", pk=group.pk).values_list().get()]
    assert not Endpoint.objects.exists()


def test_a_typed_password_must_be_typed_again_after_an_error(editor: Client, carriers: Carriers) -> None:
    response = post_page(editor, carriers.group_url, {"credential-0-password": PASSWORD, "name": ""})
    html = response.content.decode()
    assert "Type the new password again" in html
    assert PASSWORD not in html


def test_a_lost_key_is_reported_and_asks_for_the_password(
    editor: Client, carriers: Carriers, settings: Settings
) -> None:
    settings.DSIPROUTER_CREDENTIAL_KEYS = ["0" * 43 + "="]
    assert "decrypted, because the key that encrypted it is lost" in editor.get(carriers.group_url).content.decode()
    # What has nothing to do with the credential can still be changed.
    assert post_page(editor, carriers.group_url, {"name": "Renamed"}).redirect_chain
    errors = errors_of(post_page(editor, carriers.group_url, {"credential-0-realm": "asterisk"}))
    assert errors == "password: Enter a password."
    assert post_page(editor, carriers.group_url, {"credential-0-password": "new"}).redirect_chain
    assert len(AuthCredential.objects.get().ha1()) == 32


def test_a_credential_is_deleted_with_its_tick(editor: Client, carriers: Carriers) -> None:
    assert post_page(editor, carriers.group_url, {"credential-0-DELETE": "on"}).redirect_chain
    assert not AuthCredential.objects.exists()


def test_those_who_may_only_look_see_no_field(login: object, carriers: Carriers) -> None:
    client = login("viewer")  # type: ignore[operator]
    html = client.get(carriers.group_url).content.decode()
    assert "Stored" in html
    assert "credential-0-password" not in fields_of(html)
    assert not [name for name in fields_of(html) if name.startswith("endpoints-0-host")]
