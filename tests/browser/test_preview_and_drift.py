"""The pages around a reload as an operator goes through them: what will change, and what somebody changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

NARROW = {"width": 400, "height": 800}
DOCUMENT = """
carrier_groups:
  - name: Acme
    endpoints: [{name: primary, host: 203.0.113.7, strip: %d}]
outbound_routes: [{prefix: "9", groups: [Acme]}]
"""
GO = "Reload Kamailio with exactly these changes"


def tamper(instance: Instance, statement: str) -> None:
    """Change Kamailio's tables as somebody with a database client would."""
    with closing(sqlite3.connect(instance.home / "kamailio.sqlite3", timeout=20)) as connection, connection:
        assert connection.execute(statement).rowcount == 1


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_preview_drift_accept_and_restore(operator: Page, instance: Instance) -> None:
    page = operator
    instance.done("load_carriers", "-", document=DOCUMENT % 1)
    page.reload()
    page.set_viewport_size(NARROW)
    page.get_by_role("banner").get_by_role("link", name="Reload Kamailio").click()
    expect(
        page.locator(".changes .added").filter(has_text="carrier group “Acme”: added with 1 endpoint")
    ).to_be_visible()
    assert_fits(page)

    # Somebody saves meanwhile: the page shows the new changes instead of applying what nobody saw.
    instance.done("load_carriers", "-", document=DOCUMENT % 2)
    page.get_by_role("button", name=GO).click()
    expect(page.locator(".messagelist .warning")).to_contain_text("somebody saved since you saw the changes")
    expect(page.locator(".changes")).to_contain_text("endpoint “primary” (203.0.113.7:5060), strip 2")
    page.get_by_role("button", name=GO).click()
    expect(page.locator(".messagelist .success")).to_contain_text("reloaded and verified")

    # Somebody moves the endpoint in the table: it is named, and accepted.
    tamper(instance, "UPDATE dispatcher SET destination = 'sip:203.0.113.70:5070'")
    page.goto("/admin/kamailio/drift/")
    expect(page.locator(".drifted.changed")).to_contain_text("carrier group “Acme”, endpoint “primary”")
    expect(page.locator("#drift-of-nodes .in-step")).to_have_text("Node local holds what was applied.")
    assert_fits(page)
    page.get_by_role("button", name="Accept into the carriers").click()
    expect(page.locator(".changes")).to_contain_text("address 203.0.113.7:5060 → 203.0.113.70:5070")
    page.get_by_role("button", name=GO).click()
    expect(page.locator(".messagelist .success")).to_contain_text("reloaded and verified")

    # Somebody removes the route, and it is restored.
    tamper(instance, "DELETE FROM mtree WHERE tprefix = 'o9'")
    page.goto("/admin/kamailio/drift/")
    expect(page.locator(".drifted.deleted")).to_contain_text("outbound route 9")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".messagelist .success")).to_contain_text("reloaded and verified")
    instance.done("check_drift")
    instance.done("route_call", "914443332222", "--live")
