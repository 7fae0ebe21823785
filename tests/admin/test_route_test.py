"""The page of the route test."""

from __future__ import annotations

import pytest
from django.test import Client

from carriers.models import OutboundRoute
from tests.admin.forms import PASSWORD, Carriers, errors_of

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]

PAGE = "/admin/kamailio/route/"


def test_a_number_is_asked_by_its_address(operator: Client, carriers: Carriers) -> None:
    carriers.group.endpoints.filter(name="backup").update(enabled=False)
    html = operator.get(PAGE, {"number": "914443332222"}).content.decode()
    assert "sip:14443332222@203.0.113.7:5060" in html
    assert "credential 1000" in html
    assert "not used: disabled" in html
    assert "connection refused" in html
    assert '<tr class="differs">' in html  # nothing was applied yet
    assert PASSWORD not in html
    assert carriers.group.credential.ha1() not in html


def test_a_refused_number_says_by_which_route_and_that_it_is_not_applied(operator: Client) -> None:
    OutboundRoute.objects.create(prefix="900", refuse_code=403, refuse_reason="Premium numbers are not allowed")
    html = operator.get(PAGE, {"number": "900555"}).content.decode()
    assert "900555 is refused by route 900: 403 Premium numbers are not allowed." in html
    assert '<tr class="sentences differs">' in html


def test_what_is_no_number_is_refused_with_the_reason(operator: Client) -> None:
    assert errors_of(operator.get(PAGE, {"number": "12a"})) == (
        "number: A number has 1 to 64 digits or characters * # +; the separators - . ( ) and blanks do not count."
    )
    assert errors_of(operator.get(PAGE, {"number": ""})) == "number: This field is required."
    assert "errorlist" not in operator.get(PAGE).content.decode()


def test_the_index_and_the_sidebar_lead_to_it(operator: Client) -> None:
    assert f'href="{PAGE}"' in operator.get("/admin/").content.decode()
    assert f'href="{PAGE}"' in operator.get("/admin/carriers/pbx/").content.decode()
