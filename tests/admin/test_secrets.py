"""No password and no ciphertext on any page, and nothing inline that a content security policy would stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.views.debug import SafeExceptionReporterFilter
from pytest_django import Settings

from carriers.models import CarrierGroup
from carriers.services import NewCredential
from carriers.values.addresses import SipAddress
from tests.admin.crawl import crawl
from tests.admin.forms import ADD_GROUP, PASSWORD, Carriers, post_page

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"]),
    pytest.mark.usefixtures("kamailio_down"),
]


def test_no_page_shows_a_secret(login: Callable[..., Client], carriers: Carriers) -> None:
    client = login("superuser")
    post_page(client, carriers.group_url, {"credential-0-password": PASSWORD})
    client.post("/admin/kamailio/reload/")
    credential = CarrierGroup.objects.get(pk=carriers.group.pk).credential
    pages = crawl(client)
    assert {carriers.group_url, carriers.pbx_url, carriers.outbound_url, carriers.inbound_url, ADD_GROUP} < pages.keys()
    assert any("revision" in url and "change" in url for url in pages)
    everything = "".join(pages.values()) + str(list(LogEntry.objects.values_list("change_message", "object_repr")))
    for secret in (PASSWORD, credential.password_ciphertext, credential.ha1()):
        assert secret not in everything


def test_an_error_report_has_no_password(editor: Client, carriers: Carriers, settings: Settings) -> None:
    """Look at a request as an error report shows it, after the view has seen it."""
    settings.DEBUG = False
    for url, data in (
        (ADD_GROUP, {"authentication": "password", "password": PASSWORD}),
        (carriers.group_url, {"credential-0-password": PASSWORD}),
    ):
        request = editor.post(url, data).wsgi_request
        assert PASSWORD in str(request.POST)
        assert PASSWORD not in str(SafeExceptionReporterFilter().get_post_parameters(request))


def test_the_credential_of_a_service_does_not_show_its_password() -> None:
    credential = NewCredential("1000", PASSWORD, SipAddress("sip.acme.example", None, None))
    assert PASSWORD not in repr(credential)
    assert "1000" in repr(credential)
