"""Hooks in the pages of the carriers: each is called, with the context that it needs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import Client

from carriers.admin import hooks
from carriers.admin.hooks import PAGE_POINTS, CallsHooks
from carriers.models import CarrierGroup, OutboundRoute
from tests.admin.forms import ADD_ROUTE, GROUPS, Carriers, post_page

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


def test_every_admin_of_the_carriers_calls_the_hooks_and_no_other() -> None:
    admins = admin.site._registry.items()
    assert OutboundRoute in dict(admins)
    for model, model_admin in admins:
        assert isinstance(model_admin, CallsHooks) == (model._meta.app_label == "carriers"), model


def test_a_column_stands_in_front_of_the_last_one(editor: Client, carriers: Carriers) -> None:
    @admin.display(description="tariff")
    def tariff(route: OutboundRoute) -> str:
        return f"3 <ct> to {route.prefix}"

    with hooks.list_columns.temporarily(lambda model: [tariff] if model is OutboundRoute else []):
        html = editor.get("/admin/carriers/outboundroute/").content.decode()
        assert html.index("column-shown_groups") < html.index("column-tariff") < html.index("column-enabled")
        assert '<td class="field-tariff">3 &lt;ct&gt; to 9</td>' in html
        assert "tariff" not in editor.get("/admin/carriers/inboundroute/").content.decode()


def test_each_place_in_the_pages_gets_the_page_s_context(editor: Client, carriers: Carriers) -> None:
    groups, route = "/admin/carriers/carriergroup/", carriers.outbound_url
    pages = {
        "list_media": [groups, "/admin/carriers/outboundroute/"],
        "list_tools": [groups, "/admin/carriers/outboundroute/"],
        "page_media": [carriers.group_url, route],
        "page_extras": [carriers.group_url, route],
        "before_delete": [f"{GROUPS}{carriers.group.pk}/delete/", route.replace("change", "delete")],
    }
    assert pages.keys() == PAGE_POINTS.keys()
    for name, urls in pages.items():
        for url in urls:
            seen: list[dict[str, Any]] = []

            def hook(context: dict[str, Any], name: str = name, seen: list[dict[str, Any]] = seen) -> str:
                seen.append(context)
                return f"<{name}>"

            with PAGE_POINTS[name].temporarily(hook):
                html = editor.get(url).content.decode()
            assert f"&lt;{name}&gt;" in html, url  # what is not marked as safe is escaped
            assert seen[0]["opts"].app_label == "carriers"
            assert seen[0]["user"].get_username() == "editor"
    assert seen[0]["objects"] == carriers.outbound


def test_several_objects_reach_the_page_that_asks_before_they_go(editor: Client, carriers: Carriers) -> None:
    for action in ("delete_selected", "disable"):
        seen: list[Any] = []
        with hooks.before_delete.temporarily(lambda context, seen=seen: seen.append(list(context["objects"])) or ""):
            editor.post(GROUPS, {"action": action, "_selected_action": [carriers.group.pk]})
        assert seen == [[carriers.group]]


def test_a_save_calls_before_and_after_in_turn(editor: Client, carriers: Carriers) -> None:
    steps: list[tuple[str, str, int]] = []

    def note(step: str) -> Any:
        def hook(_request: HttpRequest, _form: Any, formsets: Any = ()) -> None:
            group = CarrierGroup.objects.get()
            steps.append((step, group.name, group.endpoints.count()))
            assert len(formsets) == (0 if step == "before_save" else 4)

        return hook

    with ExitStack() as stack:
        for step in ("before_save", "before_save_rows", "after_save"):
            stack.enter_context(getattr(hooks, step).temporarily(note(step)))
        stack.enter_context(hooks.after_add.temporarily(lambda _request, obj: steps.append(("added", str(obj), 0))))
        post_page(editor, carriers.group_url, {"name": "Acme Ltd", "endpoints-0-DELETE": "on"})
        assert steps == [("before_save", "Acme", 2), ("before_save_rows", "Acme Ltd", 2), ("after_save", "Acme Ltd", 1)]
        steps.clear()
        post_page(editor, ADD_ROUTE, {"prefix": "77"})
        assert [step[0] for step in steps] == ["added"]
