"""The admin site of a scene, whose Kamailio is its node: posts of operators and requests of pages."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from carriers.models import CarrierGroup
from tests.admin.forms import ADD_GROUP, GROUPS, post_page
from tests.e2e.scene import Scene

RELOAD = "/admin/kamailio/reload/"


class AdminSite:
    """A superuser's session, by Django's test client."""

    def __init__(self, scene: Scene, settings: Settings) -> None:
        parameters = scene.process.parameters
        settings.DSIPROUTER_RPC_PORT = parameters.rpc_port
        settings.DSIPROUTER_RPC_TOKEN = parameters.rpc_token
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("admin"))

    def add_group(self, name: str, username: str, password: str, registrar: str) -> CarrierGroup:
        """Post the short form with its required fields, for a registrar that takes the calls, too."""
        fields = {"name": name, "authentication": "password", "username": username, "password": password}
        fields["takes_calls"] = "on"
        assert self.client.post(ADD_GROUP, {**fields, "registrar": registrar}).status_code == 302
        return CarrierGroup.objects.get(name=name)

    def edit(self, group: CarrierGroup, **changes: str) -> None:
        """Open the group's page, change some fields and save."""
        assert post_page(self.client, page_of(group), changes).redirect_chain

    def reload(self) -> None:
        """Press the button."""
        page = self.client.post(RELOAD, follow=True)
        said = [str(message) for message in page.context["messages"]]
        assert any("reloaded and verified" in message for message in said), said

    def registration(self, group: CarrierGroup) -> dict[str, Any]:
        """Return a group's registration as pages show it."""
        answer = self.client.get("/admin/kamailio/registrations/", {"group": group.pk})
        assert answer.status_code == 200
        return answer.json()["registrations"][str(group.pk)]

    def wait_for(self, group: CarrierGroup, state: str) -> dict[str, Any]:
        """Wait for a state, at most 10 s from the button."""
        deadline = time.monotonic() + 10
        while True:
            registration = self.registration(group)
            if registration["state"] == state:
                return registration
            assert time.monotonic() < deadline, registration
            time.sleep(0.1)

    def test(self, what: str, pk: int) -> dict[str, Any]:
        """Press a test button and return its result."""
        return self.client.post(f"/admin/kamailio/test/{what}/{pk}/").json()


def page_of(group: CarrierGroup) -> str:
    return f"{GROUPS}{group.pk}/change/"
