"""The list of nodes in a browser: each node's present state, even if the site was too busy to ask at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.own_database]


def test_the_page_asks_again_while_many_pages_ask(operator: Page) -> None:
    asked = 0

    def crowded_at_first(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            route.fulfill(json={"state": "unknown", "sentence": "Many pages are asking nodes.", "again": True})
        else:
            route.continue_()

    operator.route("**/kamailio/nodes/local/now/", crowded_at_first)
    operator.goto("/admin/kamailio_bridge/kamailionode/")
    expect(operator.locator('[data-node="local"][data-part="state"]')).to_have_text("nothing applied")
    assert asked == 2
