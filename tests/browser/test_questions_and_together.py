"""Somebody else saves while a page is open; the route test and *Who is this IP?* show what a reload changes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

DOCUMENT = """
carrier_groups:
  - name: Acme
    endpoints: [{name: primary, host: 203.0.113.7, strip: %d}]
pbxs: [{name: office, sources: [192.0.2.9], host: 192.0.2.9}]
outbound_routes: [{prefix: "9", groups: [Acme]}]
"""


def test_typed_over_tested_and_applied(operator: Page, instance: Instance) -> None:
    page = operator
    instance.done("load_carriers", "-", document=DOCUMENT % 1)
    page.goto("/admin/carriers/carriergroup/")
    page.get_by_role("link", name="Acme").click()
    instance.done("load_carriers", "-", document=DOCUMENT % 2)  # somebody saves while the page is open
    page.locator("#id_endpoints-0-strip").fill("3")
    page.get_by_role("button", name="Add another Endpoint").click()
    page.locator("#id_endpoints-1-host").fill("192.0.2.9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist").first).to_contain_text(
        "Manage.py changed endpoint “primary” (203.0.113.7:5060): strip from 1 to 2."
    )
    expect(page.locator("#id_endpoints-0-strip")).to_have_value("3")
    expect(page.locator("#id_endpoints-1-host")).to_have_value("192.0.2.9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")
    expect(page.locator(".messagelist .warning").first).to_contain_text("192.0.2.9/32 overlaps with 192.0.2.9/32")

    page.get_by_role("link", name="Route test").click()
    page.get_by_label("Number").fill("914443332222")
    page.get_by_role("button", name="Test the route").click()
    expect(page.locator(".verdict")).to_contain_text("The answers differ")
    expect(page.locator(".side-by-side tr.differs:not(.sentences)").first).to_contain_text(
        "sip:443332222@203.0.113.7:5060"
    )
    page.get_by_role("link", name="Who is this IP?").click()
    page.get_by_label("IP address").fill("192.0.2.9")
    page.get_by_role("button", name="Who is it?").click()
    expect(page.locator(".side-by-side tr.differs:not(.sentences)").first).to_contain_text(
        "Admitted as a PBX: PBX “office”"
    )

    instance.done("reload_kamailio", "--yes")
    page.reload()
    expect(page.locator(".verdict")).to_have_text("All answers are the same.")
    page.goto("/admin/kamailio/route/?number=914443332222")
    expect(page.locator(".verdict")).to_have_text("All answers are the same.")
