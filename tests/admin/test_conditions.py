"""Conditions of routes in the admin, and carrier groups of inbound routes."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client, override_settings

from carriers.models import PBX, CarrierGroup, Condition, ConditionPBX, OutboundRoute
from tests.admin.forms import Carriers, errors_of, post_page
from tests.input import BAD_CONDITIONS, Typed

pytestmark = pytest.mark.django_db
ADD = "/admin/carriers/condition/add/"
NEW_PBX = {"condition_pbxs-TOTAL_FORMS": "1", "condition_pbxs-0-id": ""}


def condition(**values: object) -> Condition:
    return Condition.objects.create(**{"name": "office hours", **values})


@override_settings(TIME_ZONE="Europe/Berlin")
def test_a_condition(editor: Client, carriers: Carriers) -> None:
    fields = {"name": "nights", "hours": "mon-fri 8:00-18:00,sat 9:00-12:30", "outside": "on", "holidays": "12-25"}
    assert post_page(editor, ADD, fields).redirect_chain
    found = Condition.objects.get()
    assert found.hours == "Mon-Fri 08:00-18:00, Sat 09:00-12:30"
    assert (found.any_pbx, found.outside, found.time_zone) == (True, True, "Europe/Berlin")
    page = unescape(editor.get("/admin/carriers/condition/").content.decode())
    assert "every PBX" in page
    assert "outside Mon-Fri 08:00-18:00, Sat 09:00-12:30; not on 12-25 (Europe/Berlin)" in page


def test_a_condition_of_some_pbxs(editor: Client, carriers: Carriers) -> None:
    row = {**NEW_PBX, "condition_pbxs-0-pbx": str(carriers.pbx.pk)}
    refused = errors_of(post_page(editor, ADD, {"name": "head office", **row}))
    assert refused.startswith("pbx: The calls of every PBX meet this condition: delete this row")
    refused = unescape(post_page(editor, ADD, {"name": "head office", "any_pbx": ""}).content.decode())
    assert "Name a PBX here, or tick “Calls of every PBX”." in refused
    assert not Condition.objects.exists()
    assert post_page(editor, ADD, {"name": "head office", "any_pbx": "", **row}).redirect_chain
    assert [each.pbx for each in Condition.objects.get().condition_pbxs.all()] == [carriers.pbx]
    assert carriers.pbx.name in editor.get("/admin/carriers/condition/").content.decode()


@pytest.mark.parametrize(("typed", "field", "reason"), BAD_CONDITIONS)
def test_bad_conditions_are_refused(editor: Client, typed: Typed, field: str, reason: str) -> None:
    errors = errors_of(post_page(editor, ADD, {"name": "nights", **typed}))
    assert errors.startswith(f"{field}: ")
    assert any(each in errors for each in reason.split("|")), errors
    assert not Condition.objects.exists()


def test_a_name_is_taken_in_any_case(editor: Client) -> None:
    condition()
    assert "already a condition of this name" in errors_of(post_page(editor, ADD, {"name": "OFFICE HOURS"}))


def test_a_limited_route(editor: Client, carriers: Carriers) -> None:
    found = condition()
    fields = {"condition": str(found.pk), "route_groups-0-condition": str(found.pk)}
    assert post_page(editor, carriers.outbound_url, fields).redirect_chain
    route = OutboundRoute.objects.get(pk=carriers.outbound.pk)
    assert (route.condition, route.route_groups.get().condition) == (found, found)
    page = unescape(editor.get("/admin/carriers/outboundroute/").content.decode())
    assert "(only if “office hours”)" in page
    deletion = unescape(editor.get(f"/admin/carriers/condition/{found.pk}/delete/").content.decode())
    assert f"outbound route {route.prefix}" in deletion.lower()
    assert post_page(editor, carriers.outbound_url, {"condition": "", "route_groups-0-condition": ""}).redirect_chain
    assert editor.post(f"/admin/carriers/condition/{found.pk}/delete/", {"post": "yes"}).status_code == 302
    assert OutboundRoute.objects.filter(pk=route.pk).exists()


def test_carrier_groups_of_an_inbound_route(editor: Client, carriers: Carriers) -> None:
    branch = PBX.objects.create(name="branch", host="192.0.2.10")
    other = CarrierGroup.objects.create(name="Other")

    def row(number: int, group: CarrierGroup) -> dict[str, str]:
        values = {"id": "", "group": str(group.pk), "pbx": str(branch.pk)}
        return {f"route_carriers-{number}-{name}": value for name, value in values.items()}

    url = f"/admin/carriers/inboundroute/{carriers.inbound.pk}/change/"
    twice = {"route_carriers-TOTAL_FORMS": "2", **row(0, other), **row(1, other)}
    assert errors_of(post_page(editor, url, twice)) == "group: This carrier group stands here twice: delete one."
    assert post_page(editor, url, {"route_carriers-TOTAL_FORMS": "1", **row(0, other)}).redirect_chain
    assert [(each.group, each.pbx) for each in carriers.inbound.route_carriers.all()] == [(other, branch)]
    assert "Other to branch" in editor.get("/admin/carriers/inboundroute/").content.decode()


def test_deleting_a_pbx_does_not_widen_a_condition(editor: Client, carriers: Carriers) -> None:
    found = condition(any_pbx=False)
    ConditionPBX.objects.create(condition=found, pbx=carriers.pbx)
    assert editor.post(f"/admin/carriers/pbx/{carriers.pbx.pk}/delete/", {"post": "yes"}).status_code == 302
    found.refresh_from_db()
    assert not found.any_pbx
    assert not found.condition_pbxs.exists()
    assert "none: no call meets it" in editor.get("/admin/carriers/condition/").content.decode()
