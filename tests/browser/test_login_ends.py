"""The login ends while somebody types: the page keeps everything, rows and password too, until the next login."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD
from tests.e2e.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

DOCUMENT = """
carrier_groups:
  - name: Acme
    endpoints: [{name: primary, host: 203.0.113.7}]
"""


def log_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Route test")).to_be_visible()


def type_much(page: Page) -> None:
    page.goto("/admin/carriers/carriergroup/")
    page.get_by_role("link", name="Acme").click()
    page.locator("#id_name").fill("Typed for an hour")
    page.get_by_role("button", name="Add another Endpoint").click()
    page.locator("#id_endpoints-1-host").fill("192.0.2.9")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_login_that_ended(operator: Page, instance: Instance) -> None:
    page = operator
    instance.done("load_carriers", "-", document=DOCUMENT)
    type_much(page)
    page.context.clear_cookies()
    save(page)
    note = page.locator(".keep-typed")
    expect(note).to_contain_text("Your login has ended, so nothing was stored yet.")
    expect(page.locator("#id_endpoints-1-host")).to_have_value("192.0.2.9")
    assert "Typed for an hour" not in instance.done("dump_carriers")
    with page.context.expect_page() as opened:
        note.get_by_role("link", name="Log in in another tab").click()
    log_in(opened.value, "admin", PASSWORD)  # which changes the token of forms, too
    save(page)
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")
    stored = instance.done("dump_carriers")
    assert "Typed for an hour" in stored
    assert "192.0.2.9" in stored


def test_somebody_else_logs_in_meanwhile(operator: Page, instance: Instance) -> None:
    page = operator
    instance.done("load_carriers", "-", document=DOCUMENT)
    instance.done(
        "shell",
        "-c",
        f"from django.contrib.auth.models import User; User.objects.create_superuser('ada', None, '{PASSWORD}')",
    )
    type_much(page)
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto("/admin/")
    log_in(other, "ada", PASSWORD)
    save(page)
    expect(page.locator(".keep-typed")).to_contain_text("this page was opened by admin, and ada is logged in now.")
    assert "Typed for an hour" not in instance.done("dump_carriers")
    save(page)
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")


def test_a_site_that_does_not_answer(operator: Page, instance: Instance, faults: list[str]) -> None:
    page = operator
    instance.done("load_carriers", "-", document=DOCUMENT)
    type_much(page)
    page.context.route("**/login-state/", lambda route: route.abort())
    save(page)
    expect(page.locator(".keep-typed")).to_contain_text("The site does not answer. Nothing was stored")
    sentence = "<main class='error-page'><p>The database is full.</p></main>"
    page.context.unroute("**/login-state/")
    page.context.route("**/login-state/", lambda route: route.fulfill(status=503, body=sentence))
    save(page)
    expect(page.locator(".keep-typed")).to_contain_text("The database is full. Nothing you typed is lost")
    page.context.unroute("**/login-state/")
    save(page)
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")
    assert len(faults) == 2
    assert all("login-state" in fault for fault in faults)
    faults.clear()
