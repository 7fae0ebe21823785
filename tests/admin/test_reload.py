"""The Reload Kamailio button, the pending changes, and the revision that it makes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from carriers.models import OutboundRoute
from kamailio_bridge.apply.lock import apply_lock
from kamailio_bridge.plan.make import make_plan, write
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher, Mtree, Version
from tests.admin.forms import PASSWORD, Carriers

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]

RELOAD = "/admin/kamailio/reload/"
WAITING = "/admin/kamailio/waiting/"
COUNT = "/admin/kamailio/waiting/count/"


def messages_of(response: object) -> str:
    return " ".join(str(message) for message in response.context["messages"])  # type: ignore[attr-defined]


def test_a_node_that_is_down_is_reported_on_the_page_of_the_revision(operator: Client, carriers: Carriers) -> None:
    response = operator.post(RELOAD, follow=True)
    revision = Revision.objects.get()
    assert response.redirect_chain == [(f"/admin/kamailio_bridge/revision/{revision.pk}/change/", 302)]
    assert f"Revision {revision.number} is in Kamailio's tables, but not verified on every node." in messages_of(
        response
    )
    html = response.content.decode()
    assert "<strong>Node local</strong>" in html
    assert "connection refused" in html
    assert "A node is behind" in html
    assert revision.author == User.objects.get(username="operator")
    assert PASSWORD not in html
    assert operator.get(COUNT).json() == {"count": 0, "behind": True}


def test_the_page_of_a_revision_says_in_words_what_each_module_answered(operator: Client) -> None:
    answers = [
        {"module": "dispatcher", "ok": True, "text": "reloaded; verified", "seconds": 0.01},
        {"module": "mtree", "ok": False, "text": "o9 <is> missing.", "seconds": 0.2},
    ]
    revision = Revision.objects.create(
        outcome=Revision.Outcome.BEHIND,
        nodes=[{"name": "local", "ok": False, "sentence": "mtree failed.", "answers": answers}],
        changes=[f"+ dispatcher {n}" for n in range(700)],
    )
    html = operator.get(f"/admin/kamailio_bridge/revision/{revision.pk}/change/").content.decode()
    assert html.count("✓ good") == 1
    assert html.count("✗ failed") == 1
    assert "o9 &lt;is&gt; missing." in html
    assert "+ dispatcher 499\n" in html
    assert "+ dispatcher 500\n" not in html
    assert "And 200 more." in html


def test_pending_changes_are_listed_and_counted(operator: Client, carriers: Carriers) -> None:
    count = operator.get(COUNT).json()["count"]
    assert count == make_plan().count > 0
    html = operator.get(WAITING).content.decode()
    assert f"The next reload changes {count} rows" in html
    assert "<strong>carrier group “Acme”</strong>: added with 2 endpoints" in html
    assert "+ dispatcher" in html
    assert PASSWORD not in html
    assert carriers.group.credential.ha1() not in html
    operator.post(RELOAD)
    assert "No changes pending" in operator.get(WAITING).content.decode()
    assert "waiting-count" in operator.get("/admin/").content.decode()


def test_a_problem_is_named_and_nothing_is_written(operator: Client, carriers: Carriers) -> None:
    carriers.group.endpoints.filter(position=1).update(host="999.1.1.1")
    response = operator.post(RELOAD, follow=True)
    assert response.redirect_chain == [(WAITING, 302)]
    assert "Nothing was changed" in messages_of(response)
    html = response.content.decode()
    assert "can’t be reloaded until this is put right" in html
    assert "“999.1.1.1” is not an IP address." in html
    assert not Dispatcher.objects.exists()
    assert not Revision.objects.exists()


def test_emptying_all_routing_must_be_confirmed(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    OutboundRoute.objects.all().delete()
    response = operator.post(RELOAD, follow=True)
    assert response.redirect_chain == [(WAITING, 302)]
    assert '<input type="hidden" name="allow_empty" value="1">' in response.content.decode()
    assert Mtree.objects.filter(tprefix="o9").exists()
    operator.post(RELOAD, {"allow_empty": "1"})
    assert not Mtree.objects.filter(tprefix="o9").exists()


def test_two_reloads_do_not_run_at_once(operator: Client, carriers: Carriers) -> None:
    with apply_lock("somebody", 60.0):
        response = operator.post(RELOAD, follow=True)
    assert response.redirect_chain == [(WAITING, 302)]
    assert "somebody" in messages_of(response)
    assert not Revision.objects.exists()


def test_tables_that_can_not_be_read_are_reported(operator: Client, carriers: Carriers) -> None:
    Version.objects.filter(table_name="dispatcher").update(table_version=99)
    assert operator.get(COUNT).json()["count"] is None
    page = operator.get(WAITING)
    assert page.status_code == 200
    assert "dispatcher" in page.context["unreadable"]
    assert "dispatcher" in messages_of(operator.post(RELOAD, follow=True))


def test_who_may_reload_but_not_see_revisions_still_learns_how_it_went(client: Client, carriers: Carriers) -> None:
    user = User.objects.create(username="porter", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="reload_kamailio"))
    client.force_login(user)
    response = client.post(RELOAD, follow=True)
    assert response.redirect_chain == [(WAITING, 302)]
    assert "connection refused" in messages_of(response)


def test_the_count_follows_each_edit(operator: Client, carriers: Carriers) -> None:
    write(make_plan())
    before = operator.get(COUNT).json()["count"]
    carriers.group.endpoints.filter(position=1).update(strip=7)
    assert operator.get(COUNT).json()["count"] > before


def test_what_nobody_saw_is_not_applied(operator: Client, carriers: Carriers) -> None:
    """Somebody saves between the look at the changes and the press of the button below them."""
    shown = operator.get(WAITING).context["plan"].digest()
    carriers.group.endpoints.filter(position=1).update(strip=3)
    response = operator.post(RELOAD, {"seen": shown}, follow=True)
    assert response.redirect_chain == [(WAITING, 302)]
    assert "somebody saved since you saw the changes" in messages_of(response)
    assert not Dispatcher.objects.exists()
    shown_now = response.context["plan"].digest()
    assert f'<input type="hidden" name="seen" value="{shown_now}">' in response.content.decode()
    operator.post(RELOAD, {"seen": shown_now})
    assert Dispatcher.objects.exists()
