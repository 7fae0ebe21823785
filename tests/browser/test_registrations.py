"""Registrations in a real browser: the state appears by itself, and a failed one can be corrected beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.instance import Instance
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.registrar import Registrar

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

PASSWORD = "a secret that stays one"
NARROW = {"width": 400, "height": 900}


@dataclass
class Carriers:
    """A registrar with a realm of its own, one that knows another password, and a silent endpoint."""

    own_realm: Registrar
    strict: Registrar
    good: Registrar
    silent: UserAgent


@pytest.fixture
def carriers(instance: Instance) -> Iterator[Carriers]:
    with ExitStack() as agents:
        own_realm = agents.enter_context(Registrar("127.31.7.1", Account("1000", PASSWORD, "asterisk")))
        strict = agents.enter_context(Registrar("127.31.7.2", Account("2000", "another password", "127.31.7.2")))
        good = agents.enter_context(Registrar("127.31.7.3", Account("3000", PASSWORD, "127.31.7.3")))
        silent = agents.enter_context(UserAgent("127.31.7.4"))
        silent.close()
        found = Carriers(own_realm, strict, good, silent)
        instance.done("load_carriers", "-", document=document_of(found))
        yield found


def document_of(carriers: Carriers) -> str:
    groups = [
        f"""  - name: {name}
    endpoints: [{{host: {registrar.address}, port: {registrar.port}}}]
    credential: {{username: "{username}", password: "{PASSWORD}", registrar: "{registrar.host_port}"}}
"""
        for name, username, registrar in (
            ("Own realm", "1000", carriers.own_realm),
            ("Strict", "2000", carriers.strict),
            ("Good", "3000", carriers.good),
        )
    ]
    by_ip = f"  - name: By IP\n    endpoints: [{{host: {carriers.silent.address}, port: {carriers.silent.port}}}]\n"
    return "carrier_groups:\n" + "".join(groups) + by_ip


def registration_of(page: Page, group: str) -> Locator:
    return page.locator("#result_list tbody tr").filter(has_text=group).locator(".field-registration")


def press_reload(page: Page) -> None:
    page.get_by_role("banner").get_by_role("link", name="Reload Kamailio").click()
    page.get_by_role("button", name="Reload Kamailio with exactly these changes").click()
    expect(page.locator(".messagelist .success")).to_contain_text("reloaded and verified")


def open_list(page: Page) -> None:
    page.goto("/admin/carriers/carriergroup/")


def open_group(page: Page, name: str) -> None:
    open_list(page)
    page.get_by_role("link", name=name, exact=True).click()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_the_states_in_the_list_and_the_way_to_registered(operator: Page, carriers: Carriers) -> None:
    page = operator
    open_list(page)
    for name in ("Own realm", "Strict", "Good"):
        expect(registration_of(page, name)).to_have_text("Not applied yet")
    expect(registration_of(page, "By IP")).to_have_text("–")
    press_reload(page)
    open_list(page)
    expect(registration_of(page, "Good")).to_contain_text("Registered until ")
    expect(registration_of(page, "Strict")).to_have_text("Rejected: 403 Forbidden")
    expect(registration_of(page, "Own realm")).to_have_text("Realm differs: asterisk")
    picture(page, "list")
    page.set_viewport_size(NARROW)
    picture(page, "list-narrow")
    page.set_viewport_size({"width": 1200, "height": 800})

    # One click sets the realm; then it is saved and applied like everything else.
    open_group(page, "Own realm")
    page.get_by_role("button", name="Set the realm to “asterisk”").click()
    expect(page.locator("#id_credential-0-realm")).to_have_value("asterisk")
    picture(page, "realm")
    page.get_by_role("button", name="Save", exact=True).click()
    press_reload(page)
    open_group(page, "Own realm")
    expect(page.locator(".registration")).to_contain_text("Registered until ")
    assert "1000" in carriers.own_realm.bindings

    # Calls may be challenged with another realm: what the page hears of it becomes a button, too.
    page.locator(".registration").evaluate(
        """place => place.dispatchEvent(new CustomEvent("registration",
          {bubbles: true, detail: {state: "registered", realmOfCalls: "odd realm"}}))"""
    )
    page.get_by_role("button", name="Add “odd realm” to the further realms").click()
    expect(page.locator("#id_credential-0-more_realms")).to_have_value("odd realm")


def test_the_test_buttons(operator: Page, carriers: Carriers) -> None:
    page = operator
    open_group(page, "Own realm")
    panel = page.locator(".carrier-tests")
    panel.get_by_role("button", name="Test credential").click()
    expect(panel.get_by_role("status").first).to_contain_text("✗ failed 127.31.7.1 asks for the realm “asterisk”")
    expect(panel.get_by_role("button", name="Set the realm to “asterisk”")).to_be_visible()
    panel.get_by_role("button", name="Ask the registrar for its realm").click()
    expect(panel.get_by_role("status").nth(1)).to_contain_text("✓ good 127.31.7.1 asks for the realm “asterisk”")
    expect(page.locator("#id_credential-0-realm")).to_have_value("asterisk")
    endpoint = page.locator(".endpoint-test")
    endpoint.get_by_role("button", name="Test endpoint").click()
    expect(endpoint.get_by_role("status")).to_contain_text("answers 200 OK in ")
    picture(page, "group")
    page.set_viewport_size(NARROW)
    picture(page, "group-narrow")
    page.set_viewport_size({"width": 1200, "height": 800})
    page.get_by_role("button", name="Save and continue editing").click()
    panel.get_by_role("button", name="Test credential").click()
    expect(panel.get_by_role("status").first).to_contain_text("✓ good 127.31.7.1 accepts the username and password.")

    open_group(page, "Strict")
    panel.get_by_role("button", name="Test credential").click()
    expect(panel.get_by_role("status").first).to_contain_text("answers 403 Forbidden: it rejects the username")
    assert carriers.strict.bindings == {}

    open_group(page, "By IP")
    expect(panel.get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="Test endpoint").click()
    expect(page.locator(".endpoint-test").get_by_role("status")).to_contain_text("did not answer")
