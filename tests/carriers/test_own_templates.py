"""Templates that operators save of carrier groups: what they ask, their versions, their files, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from carriers.documents import DocumentRefused, carriers_document, load_document
from carriers.group_templates.asked_values import AskedValue, askable_values, settings_of
from carriers.group_templates.files import template_file
from carriers.group_templates.saving import save_template
from carriers.history.models import HistoryEntry
from carriers.models import CarrierGroup, OwnTemplate
from carriers.offered_templates import offered_templates
from tests.admin.forms import errors_of
from tests.input import BAD_NAMES

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"
TOKEN = "a-token-of-nobody"
LIST = "/admin/carriers/owntemplate/"
ADD = "/admin/carriers/carriergroup/add/"


@pytest.fixture
def group(db: None) -> CarrierGroup:
    """Make a group of every kind of setting; its username stands in several places."""
    load_document(
        {
            "carrier_groups": [
                {
                    "name": "Acme",
                    "endpoints": [
                        {"name": "main", "host": "sip.acme.example", "port": None},
                        {"host": "203.0.113.7", "strip": "1", "prefix": "10007#"},
                    ],
                    "sources": ["198.51.100.0/24"],
                    "credential": {
                        "username": "10007",
                        "auth_username": "au-10007",
                        "password": PASSWORD,
                        "registrar": "sip.acme.example:5070",
                        "contact_user": "10007",
                        "realm": "acme",
                    },
                    "extra_headers": [
                        {"name": "X-Token", "value": TOKEN, "secret": True},
                        {"name": "X-Account-Id", "value": "7{b}7"},
                    ],
                    "identity": {"from_user": "fixed", "from_user_value": "10007", "trusted": True},
                    "numbers": {"number_format": "plus"},
                }
            ]
        }
    )
    return CarrierGroup.objects.get()


def asked_of(group: CarrierGroup) -> dict[str, AskedValue]:
    return {each.name: each for each in askable_values(settings_of(group, {}))}


def page_of(group: CarrierGroup) -> str:
    return f"/admin/carriers/carriergroup/{group.pk}/save-as-template/"


def test_what_is_asked_always_usually_and_if_wished(group: CarrierGroup) -> None:
    """Secrets, the account and what would be taken for a question are never stored; one value is one question."""
    asked = asked_of(group)
    always = {"username", "auth_username", "password", "x_token", "x_account_id"}
    assert {name for name, each in asked.items() if each.is_always} == always
    assert {name for name, each in asked.items() if each.is_usual} - always == {"prefix"}
    assert set(asked) - always == {"prefix", "host", "host_2", "source", "realm"}
    assert asked["username"].label == "Username, contact user, fixed From user"
    assert asked["host"].label == "Address of endpoint 1, registration server"
    assert not asked["password"].value + asked["x_token"].value


def test_a_template_has_no_secrets_and_makes_such_a_group(group: CarrierGroup) -> None:
    template, _ = save_template(group, name="Acme SIP", asked=["host", "prefix"])
    assert (template.slug, template.version) == ("acme-sip", 1)
    assert not [secret for secret in (PASSWORD, TOKEN, "10007", "sip.acme.example") if secret in template.content]
    answers = {
        "username": "20008",
        "auth_username": "au-2",
        "password": PASSWORD,
        "x_token": TOKEN,
        "x_account_id": "8",
        "host": "sip.other.example",
        "prefix": "9",
    }
    load_document({"carrier_groups": [{"name": "Other", "template": "acme-sip", "answers": answers}]})
    first, other = carriers_document()["carrier_groups"]
    assert (other["template"], other["template_version"]) == (first["template"], 1) == ("acme-sip", 1)
    made = CarrierGroup.objects.get(name="Other")
    assert made.credential.password_is(PASSWORD)
    assert made.extra_headers.get(name="X-Token").secret_value_is(TOKEN)
    assert other["credential"] == {
        **first["credential"],
        "username": "20008",
        "auth_username": "au-2",
        "contact_user": "20008",
        "registrar": "sip.other.example:5070",
    }
    assert [each["host"] for each in other["endpoints"]] == ["sip.other.example", "203.0.113.7"]
    assert other["identity"] == {**first["identity"], "from_user_value": "20008"}
    assert (other["numbers"], other["sources"]) == (first["numbers"], first["sources"])


def test_the_client_certificate_is_not_part_of_a_template(group: CarrierGroup) -> None:
    """It is of no use without its key, which a template does not store."""
    group.client_certificate = "-----BEGIN CERTIFICATE-----"
    group.certificate_names = "sip.acme.example"
    assert settings_of(group, {"tls": {"client_certificate": ""}})["tls"] == {"certificate_names": "sip.acme.example"}


def test_a_group_with_defaults_only_makes_a_short_template(db: None) -> None:
    load_document({"carrier_groups": [{"name": "IP", "endpoints": [{"host": "203.0.113.7"}]}]})
    template, _ = save_template(CarrierGroup.objects.get(), name="IP")
    assert template.content == "asks: []\ngroup:\n  endpoints:\n  - host: 203.0.113.7\n    port: 5060\n"
    load_document({"carrier_groups": [{"name": "Two", "template": "ip", "answers": {}}]})
    assert CarrierGroup.objects.get(name="Two").endpoints.get().host == "203.0.113.7"


def test_saved_again_it_is_a_later_version_that_groups_are_offered(admin_client: Client, group: CarrierGroup) -> None:
    """What the group has as usual again is a difference, too. The group that it is saved from has the version."""
    save_template(group, name="Acme SIP", asked=["host"])
    answers = dict.fromkeys(("username", "auth_username", "password", "x_token", "x_account_id"), "20008")
    answers["host"] = "sip.other.example"
    load_document({"carrier_groups": [{"name": "Other", "template": "acme-sip", "answers": answers}]})
    group.number_format, group.max_attempts = "as_dialled", 2
    group.save()
    data = {"name": "acme sip", "about": "It is quick.", "asked": ["host"]}
    assert "as its version 1" not in admin_client.post(page_of(group), data, follow=True).content.decode()
    template = OwnTemplate.objects.get()
    assert (template.name, template.slug, template.version) == ("acme sip", "acme-sip", 2)
    group.refresh_from_db()
    other = CarrierGroup.objects.get(name="Other")
    assert (group.template_version, other.template_version) == (2, 1)
    html = admin_client.get(f"/admin/carriers/carriergroup/{other.pk}/template/").content.decode()
    assert "number format" in html
    assert "endpoints tried at most" in html
    admin_client.post(f"/admin/carriers/carriergroup/{other.pk}/template/", {"accept": "1"})
    other.refresh_from_db()
    assert (other.number_format, other.max_attempts, other.template_version) == ("as_dialled", 2, 2)
    assert other.endpoints.get(position=1).host == "sip.other.example"
    html = admin_client.post(page_of(group), data, follow=True).content.decode()
    assert "has these settings already, as its version 2" in html


def test_the_page_offers_saves_and_marks_it_as_own(admin_client: Client, group: CarrierGroup) -> None:
    change = admin_client.get(f"/admin/carriers/carriergroup/{group.pk}/change/").content.decode()
    assert page_of(group) in change
    html = admin_client.get(page_of(group)).content.decode()
    assert "Always asked, and never stored: Username, contact user, fixed From user, " in html
    assert "Address of endpoint 1, registration server: sip.acme.example" in html
    assert '<input type="checkbox" name="asked" value="prefix" id="id_asked_0" checked>' in html
    assert PASSWORD not in html
    assert TOKEN not in html
    response = admin_client.post(page_of(group), {"name": "Acme SIP", "asked": ["host"]}, follow=True)
    html = response.content.decode()
    assert "Version 1 of the template “Acme SIP” was saved" in html
    assert "{username}" in html
    html = admin_client.get(ADD).content.decode()
    own, ours = html.index('<optgroup label="Your own templates">'), html.index('label="Templates of this product"')
    assert own < html.index('<option value="acme-sip">Acme SIP') < ours
    html = admin_client.get(f"{ADD}?provider=acme-sip").content.decode()
    assert 'name="answer_username"' in html
    assert 'type="password" name="answer_x_token"' in html
    assert "Your own template, as of" in html
    data = {f"answer_{each.name}": "1234" for each in offered_templates()["acme-sip"].asks}
    admin_client.post(f"{ADD}?provider=acme-sip", {**data, "name": "By form", "answer_host": "sip.third.example"})
    assert CarrierGroup.objects.get(name="By form").template == "acme-sip"
    assert "1 of 2" not in html


def test_it_is_renamed_and_deleted_and_groups_stay(admin_client: Client, group: CarrierGroup) -> None:
    save_template(group, name="Acme SIP")
    pk = OwnTemplate.objects.get().pk
    row = admin_client.get(LIST).content.decode()
    assert 'class="field-slug">acme-sip<' in row
    assert 'class="field-groups">1<' in row
    html = admin_client.get(f"{LIST}{pk}/change/").content.decode()
    assert "Download as a YAML file" in html
    data = {"name": "Acme, by account", "about": "", "source": "javascript:alert(1)"}
    assert "valid URL" in errors_of(admin_client.post(f"{LIST}{pk}/change/", data))
    admin_client.post(f"{LIST}{pk}/change/", {**data, "source": "https://acme.example/sip"})
    template = OwnTemplate.objects.get()
    assert (template.name, template.slug, template.version) == ("Acme, by account", "acme-sip", 1)
    assert "at once" in admin_client.get(f"{LIST}{pk}/history/").content.decode()
    assert {entry.object_repr for entry in HistoryEntry.objects.filter(content_type__model="owntemplate")} == {
        "own template Acme SIP",
        "own template Acme, by account",
    }
    assert PASSWORD not in str(list(HistoryEntry.objects.values_list("changes", flat=True)))
    admin_client.post(f"{LIST}{pk}/delete/", {"post": "yes"})
    assert not OwnTemplate.objects.exists()
    assert CarrierGroup.objects.get().template == "acme-sip"
    assert admin_client.get(f"/admin/carriers/carriergroup/{group.pk}/change/").status_code == 200


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES.items())
def test_bad_names_are_refused_by_form_and_file(admin_client: Client, name: str, reason: str) -> None:
    load_document({"carrier_groups": [{"name": "Acme", "endpoints": [{"host": "203.0.113.7"}]}]})
    response = admin_client.post(page_of(CarrierGroup.objects.get()), {"name": name})
    assert matches(reason, errors_of(response))
    response = upload(admin_client, FILE.replace("Mine", '"' + name.replace("\x07", "\\a") + '"'))
    assert matches(reason, errors_of(response))
    assert not OwnTemplate.objects.exists()


def matches(reason: str, text: str) -> bool:
    return any(each in text for each in (*reason.split("|"), "This field is required"))


FILE = """\
title: Mine
version: 3
date: 2026-11-26
source: https://mine.example
about: It is mine.
asks:
  - {name: trunk, label: Trunk name}
  - {name: port, label: Port, default: "5070"}
  - {name: password, label: Password, secret: true}
group:
  endpoints:
    - {host: "{trunk}.mine.example", port: "{port}", strip: 1, enabled: true}
  credential: {username: "{trunk}", password: "{password}", register: false}
  numbers: {format_country: 44, number_format: national}
"""


def upload(client: Client, text: str | bytes, name: str = "mine.yaml") -> Any:
    file = SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
    return client.post(f"{LIST}add/", {"file": file}, follow=True)


def test_a_file_goes_in_and_out(admin_client: Client) -> None:
    """Exported and imported, it is the same; a changed file is the next version."""
    assert "Version 3 of the template “Mine” was imported" in upload(admin_client, FILE).content.decode()
    template = OwnTemplate.objects.get()
    assert (template.slug, template.source) == ("mine", "https://mine.example")
    load_document(
        {"carrier_groups": [{"name": "A", "template": "mine", "answers": {"trunk": "t", "password": PASSWORD}}]}
    )
    endpoint = CarrierGroup.objects.get().endpoints.get()
    assert (endpoint.address, endpoint.strip) == ("t.mine.example:5070", 1)
    response = admin_client.get(f"{LIST}{template.pk}/file/")
    assert response["Content-Disposition"] == 'attachment; filename="mine.yaml"'
    out = response.content.decode()
    assert out == template_file(template)
    assert "has these settings already" in upload(admin_client, out, "mine (1).yaml").content.decode()
    upload(admin_client, out.replace("enabled: 'true'", "enabled: 'false'"))
    assert OwnTemplate.objects.get().version == 4
    upload(admin_client, out.replace("title: Mine", "title: Ours"), "twilio.yaml")
    assert set(OwnTemplate.objects.values_list("slug", flat=True)) == {"mine", "ours"}


BAD_FILES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "country": (lambda text: text.replace("country: 44", "country: 044"), "A country code has one to three digits"),
    "no YAML": (lambda text: text + "\n  - [", "this is not YAML"),
    "no mapping": (lambda _text: "- a", "A template is a mapping with the keys title, version"),
    "bytes": (lambda _text: b"\xff\xfe", "not UTF-8"),
    "long": (lambda text: text + "#" * 100_001, "too long to be a template"),
    "unknown key": (lambda text: text + "colour: red\n", "The keys colour are not known"),
    "no title": (lambda text: text.replace("title: Mine\n", ""), "lacks the key 'title'"),
    "version": (lambda text: text.replace("version: 3", "version: 0"), "version: this must be 1 to 9999"),
    "version word": (lambda text: text.replace("version: 3", "version: x"), "can't be read"),
    "script": (lambda text: text.replace("https://mine.example", "javascript:x"), "source: Enter a valid URL"),
    "not asked": (lambda text: text.replace("{trunk}.mine", "{tronk}.mine"), "does not ask for tronk"),
    "name": (
        lambda text: text.replace("name: port", "name: port-1").replace("{port}", "5070"),
        "“port-1” is no name of small letters",
    ),
    "secret": (lambda text: text.replace('"{password}"', "hunter22"), "credential.password: a template stores no sec"),
    "asked openly": (lambda text: text.replace(", secret: true", ""), "by a question with secret: true"),
    "default": (lambda text: text.replace("secret: true", "secret: true, default: a"), "password is secret, so it has"),
    "header": (
        lambda text: text + "  extra_headers: [{name: X-T, value: hunter22, secret: yes}]\n",
        "extra_headers: X-T: a template stores no secrets",
    ),
    "client key": (
        lambda text: text + "  tls: {client_key: hunter22}\n",
        "tls.client_key: a template stores no secrets",
    ),
    "group key": (lambda text: text.replace("register: false", "colour: red"), "the key “colour” is not known"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_are_refused_with_the_reason(admin_client: Client, kind: str) -> None:
    change, reason = BAD_FILES[kind]
    response = upload(admin_client, change(FILE))
    assert reason in errors_of(response)
    assert "hunter22" not in response.content.decode()
    assert not OwnTemplate.objects.exists()
    assert not CarrierGroup.objects.exists()


def test_who_may_do_what(client: Client, group: CarrierGroup, django_user_model: Any) -> None:
    """Only those who may add templates save them; to change a stored one is a permission of its own."""
    user = django_user_model.objects.create_user("viewer", password="a long password", is_staff=True)

    def permit(*names: str) -> None:
        user.user_permissions.add(*Permission.objects.filter(codename__in=names))
        client.force_login(django_user_model.objects.get(pk=user.pk))

    permit("view_carriergroup", "view_owntemplate")
    assert page_of(group) not in client.get(f"/admin/carriers/carriergroup/{group.pk}/change/").content.decode()
    assert client.get(page_of(group)).status_code == 403
    assert client.post(page_of(group), {"name": "Acme"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    permit("add_owntemplate")
    assert client.post(page_of(group), {"name": "Acme"}).status_code == 302
    group.refresh_from_db()
    assert group.template == "", "the group itself may not be changed"
    assert "you may not change templates" in errors_of(client.post(page_of(group), {"name": "ACME"}))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(page_of(group), {"name": "Other"}).status_code == 403
    assert OwnTemplate.objects.get().version == 1


def test_names_that_make_no_slug_and_slugs_that_are_taken(group: CarrierGroup) -> None:
    """Each template has a name of its own in documents; those of the product keep theirs."""
    slugs = [save_template(group, name=name)[0].slug for name in ("日本", "Ελλάς", "Twilio", "Twilio!")]
    assert slugs == ["own", "own-2", "twilio-2", "twilio-3"]
    with pytest.raises(DocumentRefused) as refused:
        load_document({"carrier_groups": [{"name": "B", "template": "own-2", "answers": {}}]})
    assert "answers.username: Enter the username" in " ".join(refused.value.problems)
