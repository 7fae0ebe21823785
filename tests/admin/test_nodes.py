"""Nodes in the admin: what each reports, and the buttons to retry it, fail over from it and enable it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.tables.models import Dispatcher, Htable, Uacreg
from tests.admin.forms import Carriers
from tests.kamailio_bridge.http_node import http_node

pytestmark = [
    pytest.mark.django_db(databases=["default", "kamailio"], transaction=True),
    pytest.mark.usefixtures("kamailio_down"),
]

NODES = "/admin/kamailio_bridge/kamailionode/"
RELOAD = "/admin/kamailio/reload/"
RETRY = "/admin/kamailio/nodes/retry/"
TOKEN = "a-token-that-nobody-may-see"


def messages_of(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def add(name: str, port: int = 9) -> KamailioNode:
    return KamailioNode.objects.create(name=name, rpc_url=f"http://127.0.0.1:{port}/RPC", time_limit=2)


def owners() -> dict[str, str]:
    rows = Htable.objects.filter(key_name__startswith="dsiprouter:owner:")
    return dict(rows.values_list("key_name", "key_value"))


def test_without_an_entry_the_local_node_is_shown_with_a_hint(operator: Client, settings: Settings) -> None:
    html = operator.get(NODES).content.decode()
    assert "No node is entered here, so the site reloads the one of its settings: <strong>local</strong>" in html
    assert f"http://127.0.0.1:{settings.DSIPROUTER_RPC_PORT}/RPC" in html
    assert '<dd data-node="local" data-part="sentence">' in html
    answer = operator.get("/admin/kamailio/nodes/local/now/").json()
    assert answer["state"] == "unreachable"
    assert "connection refused" in answer["sentence"]


def test_the_list_and_the_page_ask_each_node_by_itself_after_they_are_shown(operator: Client) -> None:
    node = add("edge-1")
    add("edge-2", 10)
    html = operator.get(NODES).content.decode()
    for name in ("edge-1", "edge-2"):
        for part in ("state", "revision", "uptime", "version", "registrations"):
            assert f'<span data-node="{name}" data-part="{part}">…</span>' in html
    assert 'data-url="/admin/kamailio/nodes/NAME/now/"' in html
    assert "No node is entered here" not in html
    html = operator.get(f"{NODES}{node.pk}/change/").content.decode()
    assert '<span data-node="edge-1" data-part="modules">…</span>' in html
    assert f'action="/admin/kamailio/nodes/{node.pk}/take-over/"' in html
    assert operator.get("/admin/kamailio/nodes/local/now/").status_code == 404


def test_a_node_that_never_answers_is_unreachable_after_its_own_time(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kamailio_bridge.monitoring.status.LOOK_SECONDS", 0.3)
    over = threading.Event()

    def silent(_handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        over.wait(10)

    with http_node(silent) as server:
        add("edge", server.port)
        answer = operator.get("/admin/kamailio/nodes/edge/now/").json()
        over.set()
    assert answer["state"] == "unreachable"
    assert "did not answer within 0.3 s, which it has for all questions together" in answer["sentence"]


def test_only_the_token_s_place_is_stored_and_shown(superuser: Client, settings: Settings) -> None:
    settings.DSIPROUTER_RPC_TOKEN = TOKEN
    form = {"name": "edge", "rpc_url": "http://10.0.0.5:5062", "token_from": TOKEN, "time_limit": "60", "enabled": "on"}
    html = superuser.post(f"{NODES}add/", form).content.decode()
    assert "Enter where the token is, not the token" in html
    superuser.post(f"{NODES}add/", {**form, "token_from": "DSIPROUTER_RPC_TOKEN"})
    node = KamailioNode.objects.get()
    assert (node.rpc_url, node.rpc().token) == ("http://10.0.0.5:5062/RPC", TOKEN)
    for url in (NODES, f"{NODES}{node.pk}/change/", f"{NODES}{node.pk}/history/"):
        assert TOKEN not in superuser.get(url).content.decode()


def test_the_name_stays(superuser: Client) -> None:
    node = add("edge")
    form = {"name": "other", "rpc_url": "http://10.0.0.5:5062/RPC", "token_from": "DSIPROUTER_RPC_TOKEN"}
    superuser.post(f"{NODES}{node.pk}/change/", {**form, "time_limit": "30"})
    node.refresh_from_db()
    assert (node.name, node.time_limit, node.enabled) == ("edge", 30, False)


def test_failing_over_changes_who_registers_and_nothing_that_is_pending(operator: Client, carriers: Carriers) -> None:
    nodes = {name: add(name, port) for port, name in enumerate(("a", "b", "c"), start=9)}
    operator.post(RELOAD)
    key = f"dsiprouter:owner:carrier-{carriers.group.pk}"
    assert Uacreg.objects.get().flags == 1
    gone = owners()[key]
    carriers.group.endpoints.filter(position=1).update(strip=7)
    response = operator.post(f"/admin/kamailio/nodes/{nodes[gone].pk}/take-over/", follow=True)
    second = Revision.objects.first()
    assert second is not None
    assert response.redirect_chain == [(f"/admin/kamailio_bridge/revision/{second.pk}/change/", 302)]
    assert f"fail over from node {gone}: uac 1 row" in response.content.decode()
    assert [entry["name"] for entry in second.nodes] == sorted(nodes.keys() - {gone})
    assert f"Node {gone} itself could not be told, so if it still runs, stop it" in messages_of(response)
    nodes[gone].refresh_from_db()
    assert not nodes[gone].enabled
    assert owners()[key] in nodes.keys() - {gone}
    assert not Dispatcher.objects.filter(attrs__contains="strip=7").exists()
    assert second.state() == Revision.objects.last().state()  # type: ignore[union-attr]
    assert LogEntry.objects.get(object_id=nodes[gone].pk).get_change_message() == "Disabled; its accounts failed over."
    # Of the two that are left one registers everything, once the other is gone, too.
    operator.post(f"/admin/kamailio/nodes/{nodes[owners()[key]].pk}/take-over/")
    (last,) = KamailioNode.objects.filter(enabled=True)
    assert owners() == {key: last.name}
    assert Uacreg.objects.get().flags == 1
    response = operator.post(f"/admin/kamailio/nodes/{last.pk}/take-over/", follow=True)
    assert f"{last.name} is the last node" in messages_of(response)
    last.refresh_from_db()
    assert last.enabled
    # Put in again, it gets its accounts with the next reload.
    response = operator.post(f"/admin/kamailio/nodes/{nodes[gone].pk}/enable/", follow=True)
    assert f"Node {gone} is enabled. Press Reload Kamailio" in messages_of(response)
    assert owners() == {key: last.name}
    html = operator.get("/admin/kamailio/waiting/").content.decode()
    assert f"the account of carrier group “Acme” is registered from {gone} instead of {last.name}" in html
    operator.post(RELOAD)
    assert owners() == {key: gone}, "the hash gives it back what it had, of the two that are enabled"


def test_without_any_enabled_node_nothing_is_applied(operator: Client, carriers: Carriers) -> None:
    add("edge")
    KamailioNode.objects.update(enabled=False)
    response = operator.post(RELOAD, follow=True)
    assert "no node is enabled: enable one under Nodes" in messages_of(response)
    assert not Dispatcher.objects.exists()
    response = operator.post(RETRY, follow=True)
    assert "None of these nodes is enabled" in messages_of(response)


def test_retry_writes_nothing_and_says_per_node_what_happened(operator: Client, carriers: Carriers) -> None:
    response = operator.post(RETRY, follow=True)
    assert "Nothing has been applied yet: press Reload Kamailio." in messages_of(response)
    assert response.redirect_chain == [(NODES, 302)]
    add("a", 9)
    add("b", 10)
    operator.post(RELOAD)
    carriers.group.endpoints.filter(position=1).update(strip=7)
    response = operator.post(RETRY, {"node": ["b"]}, follow=True)
    revision = Revision.objects.get()
    assert response.redirect_chain == [(f"/admin/kamailio_bridge/revision/{revision.pk}/change/", 302)]
    html = response.content.decode()
    assert html.count("<strong>Node ") == 2
    assert f'action="{RETRY}"' in html
    assert not Dispatcher.objects.filter(attrs__contains="strip=7").exists()
    selected = {"action": "retry_selected", "_selected_action": [KamailioNode.objects.get(name="a").pk]}
    assert operator.post(NODES, selected, follow=True).redirect_chain == response.redirect_chain


def test_viewers_have_no_buttons(viewer: Client) -> None:
    node = add("edge")
    html = viewer.get(NODES).content.decode() + viewer.get(f"{NODES}{node.pk}/change/").content.decode()
    assert RETRY not in html
    assert "take-over" not in html
    assert "retry_selected" not in html
    viewer.post(NODES, {"action": "retry_selected", "_selected_action": [node.pk]})
    assert not Revision.objects.exists()
