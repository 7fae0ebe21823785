"""The content security policy in a real browser: every page of the admin works, and no console has a complaint."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

CARRIERS = """
carrier_groups:
  - name: Acme
    endpoints: [{name: primary, host: 203.0.113.7}]
pbxs: [{name: office, sources: [192.0.2.9/32], host: 192.0.2.9}]
outbound_routes: [{prefix: "9", groups: [Acme]}]
inbound_routes: [{prefix: "1444", pbx: office}]
"""
# Where a crawl must not go: it would end the session, or leave the admin.
NOT_FOLLOWED = re.compile(r"logout|\?|#|^(?!/admin/)")


def test_no_page_breaks_the_policy(instance: Instance, operator: Page) -> None:
    instance.done("load_carriers", "-", document=CARRIERS)
    seen: set[str] = set()
    waiting = ["/admin/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = operator.goto(path)
        assert answer is not None
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        links = operator.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        links = [
            re.sub(r"^https?://[^/]+", "", operator.evaluate("link => new URL(link, location).href", link))
            for link in links
        ]
        waiting += [link for link in links if not NOT_FOLLOWED.search(link)]
    for part in ("/carriergroup/1/change/", "/outboundroute/1/change/", "/auth/user/1/change/", "/kamailio/waiting/"):
        assert any(part in path for path in seen), (part, sorted(seen))


def test_inline_script_and_style_do_not_run(operator: Page, faults: list[str]) -> None:
    """The policy holds in the browser: what somebody smuggled into a page stays dead."""
    operator.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'smuggled'";
            document.body.append(script);
            document.body.insertAdjacentHTML(
                "beforeend", "<img src='/static/x' onerror=\\"document.title='smuggled'\\">"
            );
        }"""
    )
    operator.wait_for_timeout(300)
    expect(operator).not_to_have_title("smuggled")
    assert any("Content Security Policy" in fault for fault in faults)
    faults.clear()


def test_djangos_own_widgets_work(operator: Page) -> None:
    """Two-column choosers. No page has pickers of dates and times: what the user page shows of them is to read."""
    operator.goto("/admin/auth/user/1/change/")
    expect(operator.locator("#id_user_permissions_from")).to_be_visible()
    operator.locator("#id_user_permissions_input").fill("reload")
    operator.locator("#id_user_permissions_from option").first.dblclick()
    expect(operator.locator("#id_user_permissions_to option")).to_have_count(1)
    expect(operator.locator(".vDateField, .vTimeField")).to_have_count(0)


def test_autocompletion_and_popups(instance: Instance, operator: Page, faults: list[str]) -> None:
    instance.done("load_carriers", "-", document=CARRIERS)
    operator.goto("/admin/carriers/outboundroute/add/")
    group = operator.locator("#route_groups-group .field-group").first
    group.locator(".select2-selection").click()
    operator.locator(".select2-search__field").fill("Acm")
    operator.locator(".select2-results__option").filter(has_text="Acme").click()
    expect(group.locator(".select2-selection__rendered")).to_contain_text("Acme")

    operator.goto("/admin/auth/user/1/change/")
    with operator.expect_popup() as opened:
        operator.locator("#add_id_groups").click()
    popup = opened.value
    popup.on("console", lambda message: faults.append(message.text))
    popup.locator("#id_name").fill("Night shift")
    popup.get_by_role("button", name="Save").click()
    expect(operator.locator("#id_groups_to option")).to_have_text("Night shift")
