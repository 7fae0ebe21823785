"""The start page leads through the first carrier, and no longer shows the steps afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from carriers.models import Endpoint
from kamailio_bridge.revisions.models import Revision
from tests.admin.forms import Carriers

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def steps(client: Client) -> list[tuple[str, bool]]:
    """Return where each step leads, and whether it is taken."""
    html = client.get("/admin/").content.decode().partition('class="first-steps"')[2].partition("</section>")[0]
    items = re.findall(r"<li.*?</li>", html, flags=re.DOTALL)
    return [("".join(re.findall(r'href="([^"]*)"', item)), "✓ done" in item) for item in items]


def test_nothing_is_there_yet(operator: Client) -> None:
    assert steps(operator) == [
        ("/admin/carriers/carriergroup/add/", False),
        ("/admin/carriers/carriergroup/", False),
        ("/admin/carriers/pbx/add/", False),
        ("/admin/carriers/outboundroute/add/", False),
        ("/admin/kamailio/waiting/", False),
    ]


def test_what_is_done_is_ticked_and_all_done_is_gone(operator: Client, carriers: Carriers) -> None:
    Revision.objects.create(outcome=Revision.Outcome.FAILED)
    assert [done for _, done in steps(operator)] == [True, True, True, True, False]
    Endpoint.objects.all().delete()
    assert [done for _, done in steps(operator)] == [True, False, True, True, False]
    Endpoint.objects.create(group=carriers.group, host="203.0.113.7")
    Revision.objects.create(outcome=Revision.Outcome.VERIFIED)
    assert steps(operator) == []


def test_everybody_sees_only_what_they_may_do(login: Callable[..., Client]) -> None:
    assert steps(login("viewer")) == []
    assert [url for url, _ in steps(login("editor"))][-1] == ""
