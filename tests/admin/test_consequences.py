"""The consequences of deleting, disabling and editing are named: before the first two, after the last."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carriers.models import PBX, CarrierGroup
from tests.admin.forms import GROUPS, Carriers, fields_of, post_page

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])

ROUTE_LOST = "outbound route 9: its calls are answered 503 from then on, because none of its carriers can take them."
REGISTRATION_ENDS = "the registration of 1000 at sip.acme.example:5060 ends"
INBOUND_LOST = "inbound route 1444: no longer leads to PBX “office”"


def text(response: object) -> str:
    return unescape(response.content.decode())  # type: ignore[attr-defined]


def test_deleting_a_group_says_what_it_takes_away(editor: Client, carriers: Carriers) -> None:
    html = text(editor.get(f"{GROUPS}{carriers.group.pk}/delete/"))
    assert "Once Kamailio is reloaded, this takes away:" in html
    assert ROUTE_LOST in html
    assert REGISTRATION_ENDS in html
    assert "calls from 198.51.100.0/24, 203.0.113.7/32, 203.0.113.8/32 are refused from then on." in html
    assert "Are you sure" in html


def test_deleting_a_pbx_names_its_inbound_routes(editor: Client, carriers: Carriers) -> None:
    html = text(editor.get(f"/admin/carriers/pbx/{carriers.pbx.pk}/delete/"))
    assert INBOUND_LOST in html
    assert "PBX “office”: calls from 192.0.2.9/32 are refused from then on." in html


def test_deleting_what_carries_nothing_says_so(editor: Client, carriers: Carriers) -> None:
    idle = CarrierGroup.objects.create(name="Idle")
    html = text(editor.get(f"{GROUPS}{idle.pk}/delete/"))
    assert "No route, registration or source network that is in force depends on it." in html


def test_deleting_several_says_what_they_take_away_together(editor: Client, carriers: Carriers) -> None:
    backup = CarrierGroup.objects.create(name="Backup")
    backup.endpoints.create(host="203.0.113.20", position=1)
    carriers.outbound.groups.add(backup, through_defaults={"position": 2})
    data = {"action": "delete_selected", "_selected_action": [carriers.group.pk]}
    assert "outbound route 9: no longer goes to Acme, only to Backup." in text(editor.post(GROUPS, data))
    data["_selected_action"].append(backup.pk)  # type: ignore[union-attr]
    assert ROUTE_LOST in text(editor.post(GROUPS, data))


def test_disabling_asks_first_and_says_what_it_takes_away(editor: Client, carriers: Carriers) -> None:
    data = {"action": "disable", "_selected_action": [carriers.group.pk]}
    page = editor.post(GROUPS, data)
    html = text(page)
    assert "1 carrier group: Acme." in html
    assert ROUTE_LOST in html
    assert REGISTRATION_ENDS in html
    assert CarrierGroup.objects.get().enabled
    confirmed = editor.post(GROUPS, fields_of(page.content.decode()), follow=True)
    assert "1 carrier group disabled." in text(confirmed)
    assert not CarrierGroup.objects.get().enabled


def test_unticking_enabled_warns_after_saving(editor: Client, carriers: Carriers) -> None:
    fields = fields_of(editor.get(carriers.group_url).content.decode())
    fields.pop("enabled")
    html = text(editor.post(carriers.group_url, {**fields, "_save": "Save"}, follow=True))
    assert "Once Kamailio is reloaded:" in html
    assert ROUTE_LOST in html
    assert REGISTRATION_ENDS in html


def test_deleting_rows_of_endpoints_warns_after_saving(editor: Client, carriers: Carriers) -> None:
    one = post_page(editor, carriers.group_url, {"endpoints-0-DELETE": "on"})
    assert "route 9" not in text(one)
    assert "calls from 203.0.113.7/32 are refused from then on." in text(one)
    assert ROUTE_LOST in text(post_page(editor, carriers.group_url, {"endpoints-0-DELETE": "on"}))


def test_what_no_longer_registers_warns_after_saving(editor: Client, carriers: Carriers) -> None:
    fields = fields_of(editor.get(carriers.group_url).content.decode())
    fields.pop("credential-0-register")
    assert REGISTRATION_ENDS in text(editor.post(carriers.group_url, {**fields, "_save": "Save"}, follow=True))


def test_a_pbx_and_routes_warn_after_saving(editor: Client, carriers: Carriers) -> None:
    fields = fields_of(editor.get(carriers.pbx_url).content.decode())
    fields.pop("enabled")
    assert INBOUND_LOST in text(editor.post(carriers.pbx_url, {**fields, "_save": "Save"}, follow=True))
    moved = post_page(editor, carriers.outbound_url, {"prefix": "91"})
    assert "outbound route 9: has another prefix: its calls are answered 404." in text(moved)
    left = post_page(editor, carriers.outbound_url, {"route_groups-0-DELETE": "on"})
    assert "outbound route 91: its calls are answered 503 from then on, because none of its carriers can" in text(left)


def test_a_harmless_edit_warns_of_nothing(editor: Client, carriers: Carriers) -> None:
    html = text(post_page(editor, carriers.group_url, {"name": "Acme Ltd", "endpoints-0-strip": "2"}))
    assert "Once Kamailio is reloaded" not in html


def test_names_in_warnings_are_escaped(editor: Client, carriers: Carriers) -> None:
    PBX.objects.update(name="<b>office</b>")
    html = editor.get(f"/admin/carriers/pbx/{carriers.pbx.pk}/delete/").content.decode()
    fields = fields_of(editor.get(carriers.pbx_url).content.decode())
    fields.pop("enabled")
    html += editor.post(carriers.pbx_url, {**fields, "_save": "Save"}, follow=True).content.decode()
    assert "&lt;b&gt;office&lt;/b&gt;" in html
    assert "<b>office" not in html


def test_an_edit_reads_all_carriers_once_before_and_once_after(editor: Client, carriers: Carriers) -> None:
    fields = fields_of(editor.get(carriers.group_url).content.decode())
    fields.pop("enabled")
    with CaptureQueriesContext(connection) as queries:
        answer = editor.post(carriers.group_url, {**fields, "_save": "Save"}, follow=True)
    assert "Once Kamailio is reloaded:" in text(answer)
    reads = [query for query in queries if re.search(r"FROM .carriers_inboundroute\W", query["sql"])]
    assert len(reads) == 2
