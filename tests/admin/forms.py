"""The fields that a browser posts: those of a page as it was served, with some of them changed."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from carriers.models import PBX, CarrierGroup, InboundRoute, OutboundRoute

PASSWORD = "correct-horse-battery"
ADD_GROUP = "/admin/carriers/carriergroup/add/"
GROUPS = "/admin/carriers/carriergroup/"
ADD_ROUTE = "/admin/carriers/outboundroute/add/"


@dataclass(frozen=True)
class Carriers:
    group: CarrierGroup
    pbx: PBX
    outbound: OutboundRoute
    inbound: InboundRoute

    @property
    def group_url(self) -> str:
        return f"{GROUPS}{self.group.pk}/change/"

    @property
    def pbx_url(self) -> str:
        return f"/admin/carriers/pbx/{self.pbx.pk}/change/"

    @property
    def outbound_url(self) -> str:
        return f"/admin/carriers/outboundroute/{self.outbound.pk}/change/"

    @property
    def inbound_url(self) -> str:
        return f"/admin/carriers/inboundroute/{self.inbound.pk}/change/"


class _FieldReader(HTMLParser):
    """Collect the successful controls of a page as HTML defines them, apart from buttons and blank inline rows."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        name = values.get("name") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in values:
            self.fields[self._select] = values.get("value") or ""
        elif tag == "textarea":
            self._textarea = name
            self.fields[name] = ""
        elif tag == "input" and name:
            self._take_input(name, values)

    def _take_input(self, name: str, values: dict[str, str | None]) -> None:
        kind = values.get("type", "text")
        if kind in ("submit", "button") or (kind in ("checkbox", "radio") and "checked" not in values):
            return
        self.fields[name] = values.get("value") or ("on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.fields[self._textarea] += data


def fields_of(html: str) -> dict[str, str]:
    """Return name and value of each field of a page."""
    reader = _FieldReader()
    reader.feed(html)
    return {name: value for name, value in reader.fields.items() if "__prefix__" not in name}


def post_page(client: Client, url: str, changes: dict[str, str]) -> Any:
    """Open a page, change some of its fields and save, following the redirect."""
    fields = fields_of(client.get(url).content.decode())
    return client.post(url, {**fields, **changes, "_save": "Save"}, follow=True)


def new_endpoint(row: int, total: int, **values: str) -> dict[str, str]:
    """Return the fields that the link *Add another Endpoint* makes, filled with ``values``."""
    blank = {
        "id": "",
        "position": "",
        "name": "",
        "host": "",
        "port": "5060",
        "transport": "udp",
        "strip": "0",
        "prefix": "",
        "direction": "both",
        "weight": "50",
        "enabled": "on",
    }
    row_fields = {f"endpoints-{row}-{name}": value for name, value in {**blank, **values}.items()}
    return {"endpoints-TOTAL_FORMS": str(total), **row_fields}


def errors_of(response: Any) -> str:
    """Return the page's error messages, one after the other; the page must have been refused."""
    assert response.status_code == 200
    assert not getattr(response, "redirect_chain", [])
    reader = _ErrorReader()
    reader.feed(response.content.decode())
    return " | ".join(reader.messages)


class _ErrorReader(HTMLParser):
    """Collect ``field: message`` of each error list, the field being that of the row that it stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self._field = ""
        self._in_list = False
        self._in_item = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        classes = (dict(attributes).get("class") or "").split()
        field = [name.removeprefix("field-") for name in classes if name.startswith("field-")]
        if field:
            self._field = field[0]
        if tag == "ul" and "errorlist" in classes:
            self._in_list = True
        if tag == "li" and self._in_list:
            self._in_item = True
            self.messages.append(f"{self._field}: ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "li":
            self._in_item = False
        if tag == "ul":
            self._in_list = False

    def handle_data(self, data: str) -> None:
        if self._in_item:
            self.messages[-1] += data
