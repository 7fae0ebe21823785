"""Every page in a wide and a narrow window: nothing scrolls sideways, and every field has a name."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.admin.test_permissions import GET_PAGES
from tests.browser.conftest import PASSWORD, WIDE, TakePicture
from tests.browser.example import EXAMPLE
from tests.e2e.instance import Instance

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

MIDDLE = {"width": 1000, "height": 800}
NARROW = {"width": 400, "height": 850}
# Every page that a superuser may see; the example's first of each kind stands for the others.
PAGES = [url.format_map(defaultdict(lambda: 1)) for url, statuses in GET_PAGES.items() if statuses[-1] == 200]
LISTS = [url for url in PAGES if not re.search(r"\d|\?|/add/|/now/", url)]
NODE = """
from kamailio_bridge.nodes.models import KamailioNode
KamailioNode.objects.create(name="edge", rpc_url="http://127.0.0.1:9/RPC")
"""
VIEWER = f"""
from django.contrib.auth.models import Group, User
viewer = User.objects.create_user("viewer", password={PASSWORD!r}, is_staff=True)
viewer.groups.add(Group.objects.get(name="Carrier viewers"))
"""

# What is wider than the window, though nothing around it scrolls; the fields that nothing names; and the contrast of a
# text with what is behind it.
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element && element !== document.documentElement &&
    (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const wide = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right > width + 1 && !scrolls(element);
  });
  if (document.documentElement.scrollWidth > width) wide.push(document.documentElement);
  return wide.map((element) => `${element.tagName} #${element.id} .${element.className}`);
}"""
NAMELESS = """() => [...document.querySelectorAll("input, select, textarea, button")]
  .filter((field) => field.type !== "hidden" && field.offsetParent !== null && !field.labels?.length)
  .filter((field) => !field.ariaLabel && !field.getAttribute("aria-labelledby") && !field.title)
  .filter((field) => !(field.tagName === "BUTTON" && field.textContent.trim()) && field.type !== "submit")
  .map((field) => field.outerHTML)"""


CONTRAST = """(element) => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  let behind = element;
  while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [dark, bright] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
    .map(light).sort((one, other) => one - other);
  return (bright + 0.05) / (dark + 0.05);
}"""


def found_wrong(page: Page, paths: list[str]) -> list[str]:
    """Look at pages in windows of three widths."""
    wrong = []
    for path in paths:
        answer = page.goto(path)
        if answer is None or not answer.headers["content-type"].startswith("text/html"):
            continue
        for window in (WIDE, MIDDLE, NARROW):
            page.set_viewport_size(window)
            wrong += [f"{path} at {window['width']}: {what}" for what in wrong_here(page)]
    return wrong


def wrong_here(page: Page) -> list[str]:
    expect(page.locator("h1, #site-name").first).to_be_visible()
    return [*(f"too wide: {what}" for what in page.evaluate(TOO_WIDE)), *page.evaluate(NAMELESS)]


def test_no_page_scrolls_sideways_and_every_field_has_a_name(operator: Page, instance: Instance) -> None:
    assert found_wrong(operator, LISTS) == []  # there is nothing yet
    instance.done("load_carriers", "-", document=json.dumps(EXAMPLE))
    assert found_wrong(operator, ["/admin/kamailio/waiting/", "/admin/carriers/carriergroup/3/change/"]) == []
    instance.done("reload_kamailio", "--yes")
    instance.done("shell", "-c", NODE)
    assert found_wrong(operator, PAGES) == []


def test_the_pages_that_the_readme_shows(operator: Page, instance: Instance, take_picture: TakePicture) -> None:
    page = operator
    waiting = page.get_by_role("banner").locator(".waiting-count")
    instance.done("load_carriers", "-", document=json.dumps(EXAMPLE))
    page.get_by_role("banner").get_by_role("link", name="Reload Kamailio").click()
    expect(waiting).not_to_have_text("…")
    take_picture("preview", 640)
    page.get_by_role("button", name="Reload Kamailio with exactly these changes").click()
    expect(page.locator(".node tr.good")).to_have_count(6)
    expect(waiting).to_have_text("0")
    take_picture("reloaded", 800)
    page.get_by_role("link", name="Carrier groups").click()
    expect(waiting).to_have_text("0")
    expect(page.get_by_text("203.0.113.7:5060, 203.0.113.8:5060/tcp")).to_be_visible()
    take_picture("carrier-groups", 620)
    page.set_viewport_size(NARROW)
    expect(page.locator("#result_list tbody tr").first).to_have_css("display", "block")
    take_picture("carrier-groups-narrow", 700)
    page.get_by_role("link", name="Acme").click()
    page.set_viewport_size(WIDE)
    expect(waiting).to_have_text("0")
    expect(page.get_by_label("Strip", exact=True).first).to_have_value("1")
    take_picture("carrier-group", 800)


def test_pages_with_messages_fit_narrow_windows(operator: Page, instance: Instance) -> None:
    page = operator
    instance.done("load_carriers", "-", document=json.dumps(EXAMPLE))
    page.set_viewport_size(NARROW)
    page.goto("/admin/carriers/carriergroup/1/change/")
    endpoints = page.locator("#endpoints-group")
    endpoints.get_by_label("Address", exact=True).first.fill("999.1.1.1")
    endpoints.get_by_label("Prefix", exact=True).nth(1).fill("1,2;x")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("is not an IP address")).to_be_visible()
    assert wrong_here(page) == []
    page.goto("/admin/carriers/carriergroup/add/")
    page.get_by_label("Name:", exact=True).fill("acme")
    page.get_by_label("Source networks").fill("198.51.100.5/24")
    page.get_by_role("button", name="Add carrier group").click()
    expect(page.get_by_text("There is already a carrier group of this name.")).to_be_visible()
    assert wrong_here(page) == []
    page.goto("/admin/carriers/carriergroup/?q=nobody")
    expect(page.get_by_text("Nothing fits this search")).to_be_visible()
    assert wrong_here(page) == []


def test_the_longest_names_fit_narrow_windows(operator: Page, instance: Instance) -> None:
    page = operator
    endpoint = {"name": "x" * 64, "host": "-".join(["h" * 47, "h" * 11]) + "." + "i" * 32 + ".example"}
    group = {"name": "ק" * 64, "endpoints": [endpoint]}
    route = {"prefix": "9" * 30, "groups": [group["name"]]}
    instance.done("load_carriers", "-", document=json.dumps({"carrier_groups": [group], "outbound_routes": [route]}))
    page.set_viewport_size(NARROW)
    paths = [
        "kamailio/waiting/",
        "carriers/carriergroup/",
        "carriers/carriergroup/1/change/",
        "carriers/carriergroup/1/delete/",
        "carriers/carriergroup/1/history/",
        "carriers/outboundroute/",
        "carriers/outboundroute/1/change/",
        "history/historyentry/",
        f"kamailio/route/?number={'9' * 32}",
    ]
    wrong = []
    for path in paths:
        page.goto(f"/admin/{path}")
        wrong += [f"{path}: {what}" for what in wrong_here(page)]
    assert wrong == []


def test_pages_for_what_goes_wrong(page: Page, instance: Instance, faults: list[str]) -> None:
    instance.done("shell", "-c", VIEWER)
    page.set_viewport_size(NARROW)
    page.goto("/admin/")
    assert wrong_here(page) == []
    for password in ("wrong", PASSWORD):
        page.get_by_label("Username").fill("viewer")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        assert wrong_here(page) == []
    assert faults == []
    page.goto("/admin/kamailio/waiting/")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    assert wrong_here(page) == []
    page.goto("/nowhere/")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert wrong_here(page) == []
    with closing(sqlite3.connect(instance.home / "dsiprouter.sqlite3")) as database:
        database.execute("ALTER TABLE django_admin_log RENAME TO django_admin_log_lost")
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Not possible at the moment")).to_be_visible()
    assert wrong_here(page) == []
    assert [fault.split()[0] for fault in faults] == ["403", "404", "503"]
    faults.clear()


def test_colours_that_can_be_read(operator: Page, instance: Instance) -> None:
    """What went well is green in both themes, with enough contrast (4.5, as WCAG asks for)."""
    page = operator
    instance.done("load_carriers", "-", document=json.dumps(EXAMPLE))
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.goto("/admin/carriers/pbx/add/")
        page.get_by_label("Name:", exact=True).fill(f"branch {theme}")
        page.get_by_label("Address:", exact=True).fill("192.0.2.10")
        page.get_by_role("button", name="Save", exact=True).click()
        link = page.locator(".messagelist .success a")
        assert link.evaluate(CONTRAST) >= 4.5
        page.goto("/admin/kamailio_bridge/kamailionode/")
        assert page.locator(".node-state").first.evaluate(CONTRAST) >= 4.5


def test_ones_sessions_in_a_narrow_window(operator: Page) -> None:
    page = operator
    page.set_viewport_size(NARROW)
    page.goto("/admin/sessions/")
    cells = page.locator(".sessions td")
    expect(cells).to_have_count(4)
    expect(cells.nth(1)).to_have_css("display", "block")
    assert cells.nth(1).evaluate("cell => getComputedStyle(cell, '::before').content") == '"Logged in"'


def test_a_group_is_added_with_the_keyboard_alone(operator: Page) -> None:
    page = operator
    page.goto("/admin/carriers/carriergroup/add/")
    page.get_by_label("Name:", exact=True).focus()
    keyboard = page.keyboard
    keyboard.type("Trunk")
    keyboard.press("Tab")
    expect(page.get_by_label("IP authentication")).to_be_focused()
    keyboard.press("ArrowDown")
    expect(page.get_by_label("Username:")).to_be_visible()
    for typed in ("1000", "a secret that stays one", "sip.trunk.example"):
        keyboard.press("Tab")
        keyboard.type(typed)
    keyboard.press("Enter")
    expect(page.locator("#result_list :target")).to_have_text("Trunk")
