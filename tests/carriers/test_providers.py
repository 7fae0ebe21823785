"""Templates of providers: each is complete, loads with answers, and refuses what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from carriers.documents import DocumentRefused, carriers_document, load_document
from carriers.models import AuthCredential, CarrierGroup
from carriers.providers.provider import FOLDER, AnswersRefused, Provider, TemplateBroken, providers, read_provider
from carriers.snapshots.records import read_carriers
from tests.admin.forms import errors_of
from tests.carriers.documents.trees import as_typed

pytestmark = pytest.mark.django_db

ALL = [read_provider(path) for path in sorted(FOLDER.glob("*.yaml"))]
every_provider = pytest.mark.parametrize("provider", ALL, ids=lambda provider: provider.slug)
SAMPLES = {
    "tech_prefix": "12345678",
    "account": "1234567890",
    "domain": "acme.sip-us.vonage.com",
    "server": "sip.acme.example",
    "first_address": "203.0.113.7",
    "second_address": "203.0.113.8",
    "account_id": "abc123",
    "trunk_prefix": "123",
}


def answers_for(provider: Provider) -> dict[str, str]:
    asked = [question for question in provider.asks if not question.optional]
    return {question.name: question.default or SAMPLES.get(question.name, "acme") for question in asked}


def load(provider: Provider, answers: dict[str, str], **keys: Any) -> Any:
    entry = {"name": "Acme", "template": provider.slug, "answers": answers, **keys}
    return load_document({"carrier_groups": [entry]})


@every_provider
def test_a_template_makes_a_group(provider: Provider) -> None:
    """It is stored as the document says, calls can go to it, and what was dumped loads again."""
    load(provider, answers_for(provider))
    group = CarrierGroup.objects.get()
    assert (group.template, group.template_version) == (provider.slug, provider.version)
    (record,) = read_carriers().groups.values()
    assert record.takes_calls
    assert load_document(as_typed(carriers_document()), prune=True).lines()[0].endswith("1 unchanged")
    assert "{" not in str(carriers_document()["carrier_groups"][0]["endpoints"][0]["host"])


@every_provider
def test_a_template_says_where_it_comes_from(provider: Provider) -> None:
    assert provider.source.startswith("https://")
    assert provider.date == "2026-11-26"
    assert provider.version >= 1
    assert provider.about.endswith(".")
    assert all(question.label[:1].isupper() for question in provider.asks)


@every_provider
def test_each_answer_is_needed(provider: Provider) -> None:
    needed = {question.name for question in provider.asks if not question.default and not question.optional}
    try:
        provider.fill({})
    except AnswersRefused as refused:
        sentences = refused.sentences
    else:
        sentences = {}
    assert set(sentences) == needed


def test_what_an_optional_answer_would_fill_is_left_out() -> None:
    """The endpoint goes with its address and the header with its value; else only the key goes."""
    bandwidth = providers()["bandwidth"].fill({"first_address": "203.0.113.7"})
    assert ([each["host"] for each in bandwidth["endpoints"]], bandwidth["extra_headers"]) == (["203.0.113.7"], [])
    whole = providers()["bandwidth"].fill(
        {name: SAMPLES[name] for name in ("first_address", "second_address", "account_id")}
    )
    assert (len(whole["endpoints"]), whole["extra_headers"][0]["value"]) == (2, "abc123")
    anveo = providers()["anveo-direct"]
    assert "prefix" not in anveo.fill({})["endpoints"][0]
    assert anveo.fill({"trunk_prefix": "123"})["endpoints"][0]["prefix"] == "123"


def test_answers_that_are_refused_name_their_place() -> None:
    twilio = providers()["twilio"]
    with pytest.raises(DocumentRefused) as refused:
        load(twilio, {"trunk": "acme", "edge": "mars", "moon": "1"})
    sentences = " ".join(refused.value.problems)
    assert "carrier_groups[0] “Acme”.answers.edge: “mars” is not possible; possible are ashburn," in sentences
    assert "carrier_groups[0] “Acme”.answers: the key “moon” is not known; known are trunk, edge." in sentences
    with pytest.raises(DocumentRefused) as unknown:
        load_document({"carrier_groups": [{"name": "Acme", "template": "nobody", "answers": {}}]})
    assert "there is no template “nobody”; known are 2talk, anveo-direct" in unknown.value.problems[0]
    assert not CarrierGroup.objects.exists()


def test_keys_of_the_document_override_the_template() -> None:
    load(providers()["twilio"], {"trunk": "acme"}, numbers={"number_format": "digits"})
    group = CarrierGroup.objects.get()
    assert (group.number_format, group.caller_format) == ("digits", "as_dialled")
    assert group.endpoints.get().host == "acme.pstn.ashburn.twilio.com"


def test_a_template_of_an_operator(settings: Any, tmp_path: Path) -> None:
    """It stands beside ours, and one of the same name replaces ours."""
    settings.DSIPROUTER_HOME = str(tmp_path)
    folder = tmp_path / "providers"
    folder.mkdir()
    text = "title: Mine\nversion: 2\ndate: x\nsource: y\nasks: []\ngroup: {endpoints: [{host: a.ex}]}\n"
    for name in ("mine", "twilio"):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = providers()
    assert (found["mine"].title, found["twilio"].version) == ("Mine", 2)
    (folder / "mine.yaml").write_text(text.replace("a.ex}", "'{where}'}"), encoding="utf-8")
    with pytest.raises(TemplateBroken, match=r"The template mine\.yaml"):
        providers()
    with pytest.raises(DocumentRefused) as broken:
        load_document({"carrier_groups": [{"name": "Acme", "template": "mine", "answers": {}}]})
    assert "The template mine.yaml does not ask for where." in broken.value.problems[0]


LATER = """\
title: Mine
version: {version}
date: 2026-11-26
source: https://mine.example
about: It is mine.
asks:
  - {{name: trunk, label: Trunk name}}
  - {{name: password, label: Password, secret: true}}
group:
  endpoints:
    - {{name: main, host: "{{trunk}}.mine.example", port: null{more}}}
  credential: {{username: "{{trunk}}-1", password: "{{password}}", register: false{realm}}}
  numbers: {{number_format: {number_format}}}
"""


@pytest.fixture
def mine(settings: Any, tmp_path: Path) -> Callable[..., None]:
    """Return a function that writes an operator's template, and make a group of its first version."""
    settings.DSIPROUTER_HOME = str(tmp_path)
    (tmp_path / "providers").mkdir()

    def write(version: int, number_format: str = "plus", more: str = "", realm: str = "") -> None:
        text = LATER.format(version=version, number_format=number_format, more=more, realm=realm)
        (tmp_path / "providers" / "mine.yaml").write_text(text, encoding="utf-8")

    write(1)
    answers = {"trunk": "acme", "password": "correct horse battery"}
    load_document({"carrier_groups": [{"name": "Acme", "template": "mine", "answers": answers}]})
    return write


def page_of_later_template() -> str:
    return f"/admin/carriers/carriergroup/{CarrierGroup.objects.get().pk}/template/"


def test_a_later_version_is_offered_and_taken(admin_client: Client, mine: Callable[..., None]) -> None:
    """What the group shows of the answers is used; the password stays, and so does what the template leaves alone."""
    group = CarrierGroup.objects.get()
    page = f"/admin/carriers/carriergroup/{group.pk}/change/"
    assert "See what would differ" not in admin_client.get(page).content.decode()
    mine(2, "digits", more=", strip: 1", realm=", realm: mine.example")
    assert "See what would differ" in admin_client.get(page).content.decode()
    digest = group.credential.ha1("x")
    html = admin_client.get(page_of_later_template()).content.decode()
    assert "number format" in html
    assert "realm" in html
    assert "strip" in html
    assert "stays as it is, because" not in html
    group.refresh_from_db()
    assert (group.number_format, group.template_version) == ("plus", 1), "looking changes nothing"
    assert admin_client.post(page_of_later_template(), {"accept": "1"}).status_code == 302
    group = CarrierGroup.objects.get()
    assert (group.number_format, group.template_version) == ("digits", 2)
    assert (group.credential.realm, group.credential.ha1("x")) == ("mine.example", digest)
    endpoint = group.endpoints.get()
    assert (endpoint.host, endpoint.strip) == ("acme.mine.example", 1)
    assert "See what would differ" not in admin_client.get(page).content.decode()


def test_a_later_version_is_declined(admin_client: Client, mine: Callable[..., None]) -> None:
    mine(3, "digits")
    admin_client.post(page_of_later_template(), {"decline": "1"})
    group = CarrierGroup.objects.get()
    assert (group.number_format, group.template_version) == ("plus", 3)
    assert admin_client.get(page_of_later_template()).status_code == 302


def test_what_needs_an_answer_that_is_gone_stays(admin_client: Client, mine: Callable[..., None]) -> None:
    CarrierGroup.objects.get().endpoints.update(host="203.0.113.7")
    AuthCredential.objects.all().delete()
    mine(2, "digits")
    html = admin_client.get(page_of_later_template()).content.decode()
    assert "What needs Trunk name stays as it is" in html
    admin_client.post(page_of_later_template(), {"accept": "1"})
    group = CarrierGroup.objects.get()
    assert (group.number_format, group.endpoints.get().host, hasattr(group, "credential")) == (
        "digits",
        "203.0.113.7",
        False,
    )


def test_who_may_take_a_later_version(client: Client, mine: Callable[..., None], django_user_model: Any) -> None:
    mine(2)
    viewer = django_user_model.objects.create_user("viewer", password="a long password", is_staff=True)
    client.force_login(viewer)
    assert client.get(page_of_later_template()).status_code == 403
    assert client.post(page_of_later_template(), {"accept": "1"}).status_code == 403


ADD = "/admin/carriers/carriergroup/add/"


def test_the_form_asks_for_the_provider_first(admin_client: Client) -> None:
    html = admin_client.get(ADD).content.decode()
    assert all(f'<option value="{provider.slug}">{provider.title}' in html for provider in ALL)
    assert "IP authentication" in html
    html = admin_client.get(f"{ADD}?provider=sipgate-trunking").content.decode()
    assert '<option value="sipgate-trunking" selected>' in html
    assert "SIP ID" in html
    assert "IP authentication" not in html
    assert "preferred_identity: caller" in html


def test_the_form_adds_the_group(admin_client: Client) -> None:
    password = "correct-horse-battery"
    data = {"name": "sipgate", "answer_sip_id": "1234567t0", "answer_password": password}
    response = admin_client.post(f"{ADD}?provider=sipgate-trunking", data, follow=True)
    assert "The carrier group “sipgate” was added" in response.content.decode()
    group = CarrierGroup.objects.get()
    assert group.credential.password_is(password)
    assert (group.from_user, group.template) == ("account", "sipgate-trunking")


def test_the_form_refuses_and_keeps_nothing(admin_client: Client) -> None:
    password = "correct-horse-battery"
    CarrierGroup.objects.create(name="Acme")
    data = {"name": "Acme", "answer_sip_id": "a b", "answer_password": password}
    response = admin_client.post(f"{ADD}?provider=sipgate-trunking", data)
    assert "already a carrier group of this name" in errors_of(response)
    response = admin_client.post(f"{ADD}?provider=sipgate-trunking", {**data, "name": "Other"})
    html = response.content.decode()
    assert "Blanks and the characters" in html
    assert password not in html
    assert CarrierGroup.objects.count() == 1
