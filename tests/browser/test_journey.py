"""The README's first carrier in five steps, in a browser, with a real Kamailio, PBX and carriers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.instance import Instance
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import answer
from tests.e2e.sip.registrar import Registrar

pytestmark = [pytest.mark.browser, pytest.mark.own_database]

TRUNK_ADDRESS = "127.31.8.3"
ACCOUNT = Account("1000", "a secret that stays one", TRUNK_ADDRESS)
NUMBER = "914443332222"


@pytest.fixture
def agents() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def open_from_index(page: Page, link: str) -> None:
    page.get_by_role("link", name="Home").click()
    page.locator("#content-main").get_by_role("link", name=link, exact=True).click()


def row_of(page: Page, group: str) -> Locator:
    return page.locator("#result_list tbody tr").filter(has_text=group)


def fill_endpoint(page: Page, row: int, values: dict[str, str]) -> None:
    for label, value in values.items():
        page.locator("#endpoints-group").get_by_label(label, exact=True).nth(row).fill(value)


def choose(page: Page, field: str, text: str) -> None:
    """Choose from a field that looks for what is typed."""
    page.locator(field).locator("xpath=following-sibling::span").click()
    page.locator(".select2-search__field").fill(text)
    page.get_by_role("option", name=text).click()


def test_the_first_carrier_in_five_steps(operator: Page, instance: Instance, agents: ExitStack) -> None:
    page = operator
    pbx = agents.enter_context(UserAgent("127.31.9.1"))
    failing = agents.enter_context(UserAgent("127.31.8.1", answer(503)))
    carrier = agents.enter_context(UserAgent("127.31.8.2"))
    trunk = agents.enter_context(Registrar(TRUNK_ADDRESS, ACCOUNT))

    expect(page.locator(".first-steps li")).to_have_count(5)

    # 1. Two carrier groups, one of each kind: back on the list, the new one is marked.
    page.get_by_role("link", name="Carrier groups", exact=True).click()
    expect(page.get_by_text("There is no carrier group yet.")).to_be_visible()
    page.get_by_role("link", name="Add carrier group").click()
    expect(page.get_by_label("Registration server")).to_be_hidden()
    page.get_by_label("Name:", exact=True).fill("Acme")
    page.get_by_label("IP authentication").check()
    page.get_by_label("Endpoint address").fill(failing.host_port)
    page.get_by_role("button", name="Add carrier group").click()
    expect(row_of(page, "Acme").locator(":target")).to_have_text("Acme")
    page.get_by_role("link", name="Add carrier group").click()
    page.get_by_label("Name:", exact=True).fill("Trunk")
    page.get_by_label("Username/password").check()
    expect(page.get_by_label("Endpoint address")).to_be_hidden()
    page.get_by_label("Username:", exact=True).fill(ACCOUNT.username)
    page.get_by_label("Password:", exact=True).fill(ACCOUNT.password)
    page.get_by_label("Registration server").fill(trunk.host_port)
    page.get_by_role("button", name="Add carrier group").click()
    expect(row_of(page, "Trunk").locator(":target")).to_have_text("Trunk")
    expect(row_of(page, "Acme")).to_contain_text(failing.host_port)
    expect(row_of(page, "Trunk")).to_contain_text("Username/password")
    expect(row_of(page, "Trunk")).to_contain_text("none: no calls go to it")
    expect(page.locator(".messagelist")).to_contain_text("It has no endpoint yet, so no calls go to it.")

    # 2. The trunk's endpoint; a second endpoint for the other group; one character to strip at each.
    row_of(page, "Trunk").get_by_role("link").click()
    expect(page.locator(".calls-go-nowhere")).to_contain_text("no calls go to it: add one under Endpoints")
    fill_endpoint(page, 0, {"Address": trunk.host_port, "Strip": "1"})
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row_of(page, "Trunk")).to_contain_text(f"{trunk.host_port} (1 endpoint)")
    row_of(page, "Acme").get_by_role("link").click()
    fill_endpoint(page, 0, {"Friendly name": "primary", "Strip": "1"})
    page.get_by_role("button", name="Add another Endpoint").click()
    fill_endpoint(page, 1, {"Friendly name": "backup", "Address": carrier.host_port, "Strip": "1"})
    page.get_by_role("button", name="Save", exact=True).click()
    expect(row_of(page, "Acme")).to_contain_text(f"{failing.host_port}, {carrier.host_port} (2 endpoints)")

    # 3. The PBX whose calls we route.
    open_from_index(page, "PBXs")
    page.get_by_role("link", name="Add PBX").click()
    page.get_by_label("Name:", exact=True).fill("office")
    page.get_by_label("Address:", exact=True).fill(pbx.host_port)
    page.get_by_label("Network", exact=True).first.fill(pbx.address)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()

    # 4. Which prefix goes where.
    for prefix, group in (("9", "Trunk"), ("8", "Acme")):
        open_from_index(page, "Outbound routes")
        page.get_by_role("link", name="Add outbound route").click()
        page.get_by_label("Dialled prefix:").fill(prefix)
        choose(page, "#id_route_groups-0-group", group)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was added successfully")).to_be_visible()
    open_from_index(page, "Inbound routes")
    page.get_by_role("link", name="Add inbound route").click()
    choose(page, "#id_pbx", "office")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert pbx.call(NUMBER, instance.proxy).code == 503  # saved is not applied

    # 5. Reload Kamailio: every module of the node answers, and the calls go there.
    header = page.get_by_role("banner")
    expect(header.locator(".waiting-count.some")).to_be_visible()
    header.get_by_role("link", name="Reload Kamailio").click()
    expect(page.locator(".changes .added").filter(has_text="outbound route 9: added: Trunk")).to_be_visible()
    page.get_by_role("button", name="Reload Kamailio with exactly these changes").click()
    expect(page.locator(".messagelist .success")).to_contain_text("reloaded and verified")
    for module in ("dispatcher", "mtree", "permissions", "uac", "htable"):
        expect(page.locator(".node tr.good").filter(has=page.get_by_text(module, exact=True))).to_contain_text("good")
    expect(page.locator(".node tr.bad")).to_have_count(0)
    expect(header.locator(".waiting-count")).to_have_text("0")
    assert pbx.call(NUMBER, instance.proxy).code == 200
    assert trunk.uris == [f"sip:14443332222@{trunk.host_port}"]  # the first attempt, and the only one
    trunk.wait_until_registered(ACCOUNT.username)
    call = pbx.call("814443332222", instance.proxy)
    assert call.code == 200
    assert failing.uris == [f"sip:14443332222@{failing.host_port}"]
    assert carrier.uris == [f"sip:14443332222@{carrier.host_port}"]
    assert call.bye() == 200
    assert carrier.call("4711", instance.proxy).code == 200
    assert pbx.numbers == ["4711"]
    page.get_by_role("link", name="Home").click()
    expect(page.locator(".first-steps")).to_have_count(0)  # all are taken
