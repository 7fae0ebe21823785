"""The page of drift: rows that somebody changed, in words, and the two buttons."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from carriers.models import Endpoint
from kamailio_bridge.apply.lock import apply_lock
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher, Mtree, Uacreg
from kamailio_bridge.views import drift as views_drift
from tests.admin.forms import Carriers
from tests.kamailio_bridge.http_node import hanging_node

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]

RELOAD = "/admin/kamailio/reload/"
DRIFT = "/admin/kamailio/drift/"
RESTORE = "/admin/kamailio/drift/put-back/"
ACCEPT = "/admin/kamailio/drift/take-over/"


def text(response: object) -> str:
    return unescape(response.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def endpoint(operator: Client, carriers: Carriers) -> Endpoint:
    """The first endpoint, whose row somebody changed after it was applied."""
    operator.post(RELOAD)
    endpoint = carriers.group.endpoints.get(name="primary")
    Dispatcher.objects.filter(pk=endpoint.pk).update(destination="sip:203.0.113.70:5070")
    return endpoint


def test_before_the_first_apply_it_says_so(operator: Client, carriers: Carriers) -> None:
    assert "Nothing has been applied yet" in text(operator.get(DRIFT))


def test_tables_as_they_were_applied_are_in_step(operator: Client, carriers: Carriers) -> None:
    operator.post(RELOAD)
    html = text(operator.get(DRIFT))
    assert "The tables are as they were applied." in html
    assert 'data-url="/admin/kamailio/drift/nodes/"' in html


def test_a_changed_row_is_named_with_both_values(operator: Client, endpoint: Endpoint) -> None:
    html = text(operator.get(DRIFT))
    label = "carrier group “Acme”, endpoint “primary” (203.0.113.7:5060)"
    assert f"<strong>{label}</strong>: row {endpoint.pk} of the table dispatcher was changed." in html
    assert "<td>sip:203.0.113.7:5060</td>" in html
    assert "<td>sip:203.0.113.70:5070</td>" in html


def test_digests_are_not_shown(operator: Client, endpoint: Endpoint, carriers: Carriers) -> None:
    Uacreg.objects.update(auth_ha1="f" * 32)
    html = text(operator.get(DRIFT))
    assert "auth_ha1" in html
    assert "f" * 32 not in html
    assert carriers.group.credential.ha1() not in html


def test_the_nodes_are_asked_after_the_page_is_shown(operator: Client, endpoint: Endpoint) -> None:
    (node,) = operator.get(f"{DRIFT}nodes/").json()["nodes"]
    assert (node["name"], node["differences"]) == ("local", [])
    assert "connection refused" in node["unknown"]


def test_a_node_that_hangs_holds_the_page_no_longer_than_the_others(
    operator: Client, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It held the page, and a thread of the web server, for its whole time limit."""
    monkeypatch.setattr(views_drift, "LOOK_SECONDS", 0.5)
    with hanging_node() as server:
        KamailioNode.objects.create(name="edge", rpc_url=server.url, time_limit=600)
        (node,) = operator.get(f"{DRIFT}nodes/").json()["nodes"]
        assert [body["method"] for body, _ in server.requests] == ["system.listMethods"]
    assert node["name"] == "edge"
    assert "did not answer within 0.5 s" in node["unknown"]


def test_restore(operator: Client, endpoint: Endpoint) -> None:
    seen = operator.get(DRIFT).context["seen"]
    response = operator.post(RESTORE, {"seen": seen}, follow=True)
    revision = Revision.objects.first()
    assert revision is not None
    assert response.redirect_chain == [(f"/admin/kamailio_bridge/revision/{revision.pk}/change/", 302)]
    assert revision.summary.startswith("restore revision ")
    assert Dispatcher.objects.get(pk=endpoint.pk).destination == "sip:203.0.113.7:5060"


def test_what_nobody_saw_is_not_restored(operator: Client, endpoint: Endpoint) -> None:
    seen = operator.get(DRIFT).context["seen"]
    Dispatcher.objects.filter(pk=endpoint.pk).update(priority=5)
    response = operator.post(RESTORE, {"seen": seen}, follow=True)
    assert response.redirect_chain == [(DRIFT, 302)]
    assert "the rows changed again since you saw them" in text(response)
    assert Dispatcher.objects.get(pk=endpoint.pk).priority == 5


def post_accept(client: Client, table: str, pk: int) -> str:
    seen = client.get(DRIFT).context["seen"]
    return text(client.post(ACCEPT, {"table": table, "row": str(pk), "seen": seen}, follow=True))


def test_accept(operator: Client, endpoint: Endpoint) -> None:
    assert "Accept into the carriers" in text(operator.get(DRIFT))
    html = post_accept(operator, "dispatcher", endpoint.pk)
    assert "The carrier group “Acme” is as the row is. Reload Kamailio to make it a revision." in html
    assert "address 203.0.113.7:5060 → 203.0.113.70:5070" in html
    endpoint.refresh_from_db()
    assert endpoint.address == "203.0.113.70:5070"
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.user.get_username()) == ("Acme", "operator")
    assert entry.change_message == f"Accepted from row {endpoint.pk} of the table dispatcher."


def test_a_row_that_can_not_be_accepted_says_why(operator: Client, endpoint: Endpoint) -> None:
    Dispatcher.objects.filter(pk=endpoint.pk).update(destination="sip:999.1.1.1")
    assert "The carriers can't be as the row is" in post_accept(operator, "dispatcher", endpoint.pk)
    Mtree.objects.create(pk=777, tprefix="o77", tvalue="dsiprouter:77")
    assert "It can only be restored." in text(operator.get(DRIFT))
    assert "can only be restored" in post_accept(operator, "mtree", 777)


def test_a_row_that_changed_again_is_not_accepted(operator: Client, endpoint: Endpoint) -> None:
    seen = operator.get(DRIFT).context["seen"]
    Dispatcher.objects.filter(pk=endpoint.pk).update(destination="sip:203.0.113.71:5070")
    row = {"table": "dispatcher", "row": str(endpoint.pk)}
    response = operator.post(ACCEPT, {**row, "seen": seen}, follow=True)
    assert response.redirect_chain == [(DRIFT, 302)]
    assert "Nothing was accepted" in text(response)
    endpoint.refresh_from_db()
    assert endpoint.host == "203.0.113.7"


def test_while_somebody_applies_nothing_is_accepted(operator: Client, endpoint: Endpoint) -> None:
    seen = operator.get(DRIFT).context["seen"]
    row = {"table": "dispatcher", "row": str(endpoint.pk)}
    with apply_lock("ada", 30):
        response = operator.post(ACCEPT, {**row, "seen": seen}, follow=True)
    assert response.redirect_chain == [(DRIFT, 302)]
    (message,) = response.context["messages"]
    assert message.level_tag == "warning"
    assert re.match(r"ada on .* is applying at this moment\. Try again when that is done", str(message))
    endpoint.refresh_from_db()
    assert endpoint.host == "203.0.113.7"
    assert not LogEntry.objects.exists()


def test_who_may_reload_but_not_edit_may_only_restore(client: Client, operator: Client, endpoint: Endpoint) -> None:
    user = User.objects.create(username="porter", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="reload_kamailio"))
    client.force_login(user)
    html = text(client.get(DRIFT))
    assert "Restore" in html
    assert "Accept" not in html
    assert client.post(ACCEPT, {"table": "dispatcher", "row": str(endpoint.pk)}).status_code == 403


def test_the_preview_leads_to_it(operator: Client, endpoint: Endpoint) -> None:
    assert f'href="{DRIFT}"' in text(operator.get("/admin/kamailio/waiting/"))
