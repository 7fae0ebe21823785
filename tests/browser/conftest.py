"""Debian's Chromium, with an own instance of the product for each test, and no errors in its console or log."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, FloatRect, Page, Request, Response, expect

from tests.e2e.instance import Instance

TakePicture = Callable[[str, int], None]  # a name, and how much of the page from its top

PASSWORD = "the password of the browser tests"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WIDE = {"width": 1200, "height": 800}

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # root can't have one, and only our own site is opened
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--take-screenshots", action="store_true", help="write the README's pictures to docs/screenshots")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what drives a browser last: while Playwright's event loop lives, Django refuses the database to tests."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: apt-get install chromium"
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Stand in for pytest-base-url, of which pytest warns: each instance has an address of its own."""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Run an instance that knows no carriers yet, with its web server."""
    instance = Instance(tmp_path / "home", {"DSIPROUTER_ADMIN_PASSWORD": PASSWORD})
    with instance.running(web=True):
        yield instance


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], instance: Instance) -> dict[str, Any]:
    return {**browser_context_args, "base_url": instance.site, "viewport": WIDE}


@pytest.fixture
def faults() -> list[str]:
    """Return what went wrong in the browser so far. A test that means something to go wrong takes it out."""
    return []


@pytest.fixture
def page(page: Page, faults: list[str]) -> Iterator[Page]:
    """Watch the page: what a user doesn't see, errors of scripts and requests that fail, fails the test, too."""

    def on_console(message: ConsoleMessage) -> None:
        # A failed request is told below, with its address.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            faults.append(f"{message.type}: {message.text}")

    def on_answer(answer: Response) -> None:
        if answer.status >= 400:
            faults.append(f"{answer.status} {answer.url}")

    def on_failure(request: Request) -> None:
        # The count of pending changes may still be on its way when its page is left.
        if request.failure != "net::ERR_ABORTED":
            faults.append(f"{request.failure} {request.url}")

    page.set_default_timeout(15_000)
    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", on_answer)
    page.on("requestfailed", on_failure)
    yield page
    assert faults == []


@pytest.fixture
def operator(page: Page) -> Page:
    """Return the page of somebody who has logged in."""
    page.goto("/admin/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    # A click does not wait for the page that it leads to, and until that has come there may be no document to look at.
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    return page


@pytest.fixture
def take_picture(page: Page, pytestconfig: pytest.Config) -> TakePicture:
    """Return what keeps a picture for the README where that is asked for: other runs leave the work tree alone."""

    def take(name: str, height: int) -> None:
        if pytestconfig.getoption("--take-screenshots", default=False):
            assert page.viewport_size is not None
            clip: FloatRect = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height}
            page.screenshot(path=SCREENSHOTS / f"{name}.png", clip=clip, animations="disabled", full_page=True)

    return take
