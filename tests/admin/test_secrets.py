"""No password and no ciphertext on any page, and nothing inline that a content security policy would stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.views.debug import SafeExceptionReporterFilter
from pytest_django import Settings

from carriers.addresses import SipAddress
from carriers.models import CarrierGroup
from carriers.services import NewCredential
from tests.admin.forms import ADD_GROUP, PASSWORD, Carriers, post_page

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"]),
    pytest.mark.usefixtures("kamailio_down"),
]


class _PageReader(HTMLParser):
    """Collect a page's links, and what stands inline in it that runs or styles."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        if tag == "style" or (tag == "script" and not values.get("src") and values.get("type") != "application/json"):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in values if name == "style" or name.startswith("on")]


def crawl(client: Client) -> dict[str, str]:
    """Return the HTML of every page that links lead to, from the index on."""
    pages: dict[str, str] = {}
    queue = deque(["/admin/"])
    while queue:
        url = queue.popleft()
        if url in pages or not url.startswith("/admin/") or ("?" in url and not url.endswith("?p=1")):
            continue
        response = client.get(url)
        assert response.status_code == 200, url
        pages[url] = response.content.decode()
        reader = _PageReader()
        reader.feed(pages[url])
        assert not reader.inline, url
        queue.extend(urldefrag(urljoin(url, link)).url for link in reader.links)
    return pages


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
