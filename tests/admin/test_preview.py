"""The page before a reload: changes, warnings, authors, and the expert's view."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from carriers.models import CarrierGroup, OutboundRoute, OutboundRouteGroup
from kamailio_bridge.plan.make import make_plan
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher, Mtree
from tests.admin.forms import GROUPS, PASSWORD, Carriers, post_page

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]

RELOAD = "/admin/kamailio/reload/"
PREVIEW = "/admin/kamailio/waiting/"


def shown(client: Client) -> str:
    return unescape(client.get(PREVIEW).content.decode())


def test_the_header_and_the_list_lead_to_the_preview(operator: Client, carriers: Carriers) -> None:
    html = operator.get(GROUPS).content.decode()
    assert html.count(f'<a class="reload-button" href="{PREVIEW}"') == 2
    assert "Reload Kamailio" in html


def test_changes_since_the_last_revision_are_reported_in_words(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    carriers.group.endpoints.filter(name="primary").update(strip=2)
    backup = CarrierGroup.objects.create(name="Backup")
    backup.endpoints.create(host="203.0.113.20", position=1)
    OutboundRouteGroup.objects.create(route=carriers.outbound, group=backup, position=2)
    html = shown(operator)
    assert f'Since <a href="/admin/kamailio_bridge/revision/{Revision.objects.get().pk}/change/">' in html
    assert "by operator." in html
    assert "<li>endpoint “primary” (203.0.113.7:5060): strip 1 → 2</li>" in html
    assert "<strong>carrier group “Backup”</strong>: added with 1 endpoint" in html
    assert "<li>Acme, then Backup (before: Acme)</li>" in html


def test_what_ends_is_warned_of(operator: Client, carriers: Carriers) -> None:
    OutboundRoute.objects.create(prefix="").groups.add(
        CarrierGroup.objects.create(name="Other"), through_defaults={"position": 1}
    )
    CarrierGroup.objects.get(name="Other").endpoints.create(host="203.0.113.30", position=1)
    operator.post(RELOAD)
    carriers.group.endpoints.update(enabled=False)
    html = shown(operator)
    kept = "outbound route 9: its calls are answered 503 from then on, because none of its carriers can take them."
    assert kept in html
    OutboundRoute.objects.filter(prefix="9").update(fall_through=True)
    html = shown(operator)
    assert (
        "outbound route 9: is left without endpoints: its calls take the outbound default route from then on." in html
    )
    assert "carrier group “Acme”: has no enabled endpoint that we call, so no calls go to it." in html


def test_a_name_has_no_effect_and_is_no_pending_change(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    seen = make_plan().digest()
    CarrierGroup.objects.update(name="Acme Ltd")
    html = shown(operator)
    assert "No changes pending" in html
    assert "Saved since the last revision, without an effect on Kamailio:" in html
    assert "<li>name “Acme” → “Acme Ltd”</li>" in html
    assert make_plan().digest() != seen, "the words are part of what was seen"


def test_rows_that_somebody_else_changed_are_no_words_of_ours(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    Dispatcher.objects.filter(pk=carriers.group.endpoints.get(name="primary").pk).update(priority=1)
    html = shown(operator)
    assert "The carriers are as they were. Somebody else changed 1 row in Kamailio’s tables" in html
    assert "priority=1 -> 10000" in html


def test_rows_that_somebody_else_changed_are_told_beside_the_words(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    Mtree.objects.filter(tprefix="o9").delete()
    carriers.group.endpoints.filter(name="backup").update(strip=4)
    html = shown(operator)
    assert "strip 0 → 4" in html
    assert "Somebody else changed 1 row in Kamailio’s tables" in html
    assert "The carriers are as they were" not in html


def test_without_a_snapshot_there_are_only_rows(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    Revision.objects.update(snapshot=None)
    carriers.group.endpoints.update(strip=5)
    html = shown(operator)
    assert "What the carriers were at the last revision is not kept, so only the rows can be shown." in html
    assert "strip=5" in html


def test_rows_that_nobody_entered_are_explained_before_the_first_reload(operator: Client) -> None:
    html = shown(operator)
    assert "The next reload changes 1 row in Kamailio’s tables." in html
    assert "these are rows of Kamailio’s tables that every reload keeps in place" in html


def test_who_changed_what_since_the_last_revision(operator: Client, carriers: Carriers) -> None:
    post_page(operator, carriers.group_url, {"endpoints-0-strip": "4"})
    operator.post(RELOAD)
    assert "Who changed what" not in shown(operator)
    post_page(operator, carriers.group_url, {"endpoints-0-strip": "5"})
    html = shown(operator)
    revision = Revision.objects.get()
    assert f"<summary>Who changed what since revision {revision.number}</summary>" in html
    assert "<strong>operator</strong>: carrier group “Acme”, endpoint" in html
    assert "strip 4 -> 5" in html
    assert "strip 1 -> 4" not in html


def test_who_changed_what_is_still_there_after_rows_were_restored(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    post_page(operator, carriers.group_url, {"endpoints-0-strip": "5"})
    Dispatcher.objects.update(priority=1)
    operator.post("/admin/kamailio/drift/put-back/")
    assert Revision.objects.count() == 2
    html = shown(operator)
    assert "strip 1 → 5" in html
    assert "changed: strip 1 -> 5" in html


def test_the_statements_and_commands_are_there_without_secrets(operator: Client, carriers: Carriers) -> None:
    html = shown(operator)
    assert "INSERT INTO" in html
    assert "'(secret)'" in html
    assert "dispatcher.reload\n" in html
    assert "which was not verified at the tables’ revision" in html
    assert PASSWORD not in html
    assert carriers.group.credential.ha1() not in html


def test_more_than_fits_a_page_is_counted(operator: Client, carriers: Carriers) -> None:
    for number in range(250):
        CarrierGroup.objects.create(name=f"group {number}")
    for number in range(60):
        carriers.group.endpoints.create(host=f"gw{number}.example", position=3)
    html = shown(operator)
    assert "and 24 more" in html  # of the 62 endpoints, the source and the credential
    assert "And 54 more: manage.py plan_kamailio shows them all." in html


def test_who_is_in_a_hurry_applies_at_once(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    assert Mtree.objects.filter(tprefix="o9").exists()


def test_a_rename_in_between_is_shown_before_anything_is_applied(operator: Client, carriers: Carriers) -> None:
    seen = operator.get(PREVIEW).context["plan"].digest()
    CarrierGroup.objects.update(name="Acme Ltd")
    response = operator.post(RELOAD, {"seen": seen}, follow=True)
    assert response.redirect_chain == [(PREVIEW, 302)]
    assert "carrier group “Acme Ltd”" in response.content.decode()
    assert not Revision.objects.exists()


def test_what_is_left_out_is_named_and_the_rest_can_be_applied(operator: Client, carriers: Carriers) -> None:
    backup = CarrierGroup.objects.create(name="Backup")
    backup.endpoints.create(host="203.0.113.20", position=1)
    Dispatcher.objects.create(pk=9999, setid=backup.pk, destination="sip:127.0.0.99", description="another tool")
    html = shown(operator)
    assert "This is left out of the reload. Everything else is applied:" in html
    assert f"carrier group “Backup”: is not applied, because it needs setid “{backup.pk}”" in html
    assert "Reload Kamailio with exactly these changes" in html
    operator.post(RELOAD)
    assert Dispatcher.objects.filter(description=f"carrier-group:{carriers.group.pk}").exists()
    number = Revision.objects.latest("number").number
    page = unescape(operator.get(f"/admin/kamailio_bridge/revision/{number}/change/").content.decode())
    assert "carrier group “Backup”: is not applied" in page
