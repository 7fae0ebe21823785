"""PBXs with their sources, and routes with their carrier groups in order."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from carriers.models import (
    PBX,
    CarrierGroup,
    Endpoint,
    InboundRoute,
    OutboundRoute,
    OutboundRouteGroup,
    SourceNetwork,
)
from tests.admin.forms import Carriers, errors_of, post_page
from tests.input import BAD_SHARES

pytestmark = pytest.mark.django_db

ADD_PBX = "/admin/carriers/pbx/add/"
ADD_OUTBOUND = "/admin/carriers/outboundroute/add/"
ADD_INBOUND = "/admin/carriers/inboundroute/add/"


def test_a_pbx_with_sources(editor: Client) -> None:
    changes = {"name": "Büro, 1. Stock", "host": "sip:192.0.2.9:5070;transport=tcp", "sources-0-network": "192.0.2.9"}
    assert post_page(editor, ADD_PBX, changes).redirect_chain
    pbx = PBX.objects.get()
    assert (pbx.name, pbx.host, pbx.port, pbx.transport) == ("Büro, 1. Stock", "192.0.2.9", 5070, "tcp")
    assert [source.network for source in pbx.sources.all()] == ["192.0.2.9/32"]
    page = f"/admin/carriers/pbx/{pbx.pk}/change/"
    more = {"sources-TOTAL_FORMS": "2", "sources-1-id": "", "sources-1-network": "2001:db8::/64"}
    assert post_page(editor, page, more).redirect_chain
    assert pbx.sources.count() == 2


@pytest.mark.parametrize(("network", "warned"), [("", True), ("192.0.2.9", False)])
@pytest.mark.django_db(databases=["default", "kamailio"])
def test_a_new_pbx_that_may_not_call_is_warned_of(editor: Client, network: str, warned: bool) -> None:
    answer = post_page(editor, ADD_PBX, {"name": "office", "host": "192.0.2.9", "sources-0-network": network})
    assert PBX.objects.get().sources.count() == (not warned)
    assert ("PBX “office”: has no source networks" in answer.content.decode()) == warned


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 300}, "name", "at most 64"),
        ({"name": "OFFICE"}, "name", "already a PBX of this name"),
        ({"host": ""}, "host", "required"),
        ({"host": "a b"}, "host", "neither"),
        ({"host": "999.1.1.1"}, "host", "not an IP address"),
        ({"host": "10.0.0.1:99999"}, "host", "not a port"),
        ({"host": "gw.example:5070", "port": "5080"}, "port", "The address says 5070"),
        ({"sources-0-network": "198.51.100.5/24"}, "network", "is a host inside"),
        ({"sources-0-network": "1.2.3.4/33"}, "network", "not a network"),
    ],
)
def test_bad_pbxs_are_refused(
    editor: Client, carriers: Carriers, changes: dict[str, str], field: str, reason: str
) -> None:
    errors = errors_of(post_page(editor, ADD_PBX, {"name": "branch", "host": "192.0.2.10", **changes}))
    assert errors.startswith(f"{field}: ")
    assert reason in errors
    assert list(PBX.objects.all()) == [carriers.pbx]
    assert carriers.pbx.sources.count() == 1


def test_a_route_keeps_the_order_of_its_groups(editor: Client) -> None:
    first, second, third = (CarrierGroup.objects.create(name=name) for name in ("first", "second", "third"))
    rows = {"prefix": "", "route_groups-TOTAL_FORMS": "3"}
    for row, group in enumerate((third, first, second)):
        rows |= {
            f"route_groups-{row}-group": str(group.pk),
            f"route_groups-{row}-position": "",
            f"route_groups-{row}-id": "",
        }
    assert post_page(editor, ADD_OUTBOUND, rows).redirect_chain
    route = OutboundRoute.objects.get()
    assert [(entry.position, entry.group) for entry in route.route_groups.all()] == [
        (1, third),
        (2, first),
        (3, second),
    ]
    html = editor.get("/admin/carriers/outboundroute/").content.decode()
    assert "(default route)" in html
    assert "third (no endpoint), then first (no endpoint), then second (no endpoint)" in html


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"prefix": "1,2;x"}, "prefix", "Only digits"),
        ({"prefix": "1" * 31}, "prefix", "at most 30"),
        ({"prefix": "9"}, "prefix", "already exists"),
        ({"route_groups-0-group": "999"}, "group", "valid choice"),
        *[({"route_groups-0-share": text}, "share", reason) for text, reason in BAD_SHARES.items()],
    ],
)
def test_bad_outbound_routes_are_refused(
    editor: Client, carriers: Carriers, changes: dict[str, str], field: str, reason: str
) -> None:
    rows = {"prefix": "8", "route_groups-0-group": str(carriers.group.pk), **changes}
    errors = errors_of(post_page(editor, ADD_OUTBOUND, rows))
    assert errors.startswith(f"{field}: ")
    assert reason in errors
    assert list(OutboundRoute.objects.all()) == [carriers.outbound]


def test_a_route_that_refuses(editor: Client) -> None:
    typed = {"prefix": "900", "refuse_code": "403", "refuse_reason": " Premium numbers: ask us "}
    assert post_page(editor, ADD_OUTBOUND, typed).redirect_chain
    route = OutboundRoute.objects.get()
    assert (route.refuse_code, route.refuse_reason, route.fall_through) == (403, "Premium numbers: ask us", False)
    assert "refused: 403 Premium numbers: ask us" in editor.get("/admin/carriers/outboundroute/").content.decode()
    for query in ("calls=refused", "fall_through__exact=0"):
        assert "refused: 403" in editor.get(f"/admin/carriers/outboundroute/?{query}").content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"refuse_code": "403"}, "group", "This route refuses its calls: delete this carrier group, or clear “Refuse"),
        ({"refuse_code": "407"}, "refuse_code", "valid choice"),
        ({"refuse_reason": "Not here"}, "refuse_code", "Choose a code for the reason"),
        ({"refuse_code": "403", "refuse_reason": "Größe"}, "refuse_reason", "Only letters without accents"),
        ({"refuse_code": "403", "refuse_reason": "$var(x)"}, "refuse_reason", "Only letters without accents"),
        ({"refuse_code": "403", "refuse_reason": "x" * 65}, "refuse_reason", "at most 64 characters"),
    ],
)
def test_what_a_route_cannot_refuse_with(
    editor: Client, carriers: Carriers, changes: dict[str, str], field: str, reason: str
) -> None:
    errors = errors_of(post_page(editor, carriers.outbound_url, changes))
    assert f"{field}: " in errors
    assert reason in errors
    carriers.outbound.refresh_from_db()
    assert (carriers.outbound.refuse_code, carriers.outbound.refuse_reason) == (None, "")


def test_a_route_refuses_instead_of_its_groups_in_one_save(editor: Client, carriers: Carriers) -> None:
    changes = {"refuse_code": "603", "route_groups-0-DELETE": "on"}
    assert post_page(editor, carriers.outbound_url, changes).redirect_chain
    assert (OutboundRoute.objects.get().refuse_code, OutboundRouteGroup.objects.count()) == (603, 0)


def test_what_becomes_of_calls_without_a_carrier_is_in_the_list(editor: Client) -> None:
    route = OutboundRoute.objects.create(prefix="9")
    assert "none: its calls are answered 503" in editor.get("/admin/carriers/outboundroute/").content.decode()
    assert post_page(editor, f"/admin/carriers/outboundroute/{route.pk}/change/", {"fall_through": "on"}).redirect_chain
    page = editor.get("/admin/carriers/outboundroute/").content.decode()
    assert "none: its calls fall through to a shorter prefix" in page


def test_carrier_groups_that_get_no_calls_are_marked_in_the_list(editor: Client, carriers: Carriers) -> None:
    def listed() -> str:
        page = editor.get("/admin/carriers/outboundroute/").content.decode()
        return re.sub(r".*field-shown_groups\">(.*?)</td>.*", r"\1", page, flags=re.DOTALL)

    name = carriers.group.name
    carriers.outbound.groups.add(CarrierGroup.objects.create(name="Empty"), through_defaults={"position": 2})
    assert listed() == f"{name}, then Empty (no endpoint)"
    carriers.group.endpoints.update(direction=Endpoint.Direction.INBOUND)
    assert listed() == f"{name} (no endpoint), then Empty (no endpoint): its calls are answered 503"
    OutboundRoute.objects.update(fall_through=True)
    CarrierGroup.objects.filter(name=name).update(enabled=False)
    assert listed() == f"{name} (disabled), then Empty (no endpoint): its calls fall through to a shorter prefix"


def test_a_new_route_without_a_carrier_says_so_at_once(editor: Client, carriers: Carriers) -> None:
    def added(**fields: str) -> str:
        page = post_page(editor, "/admin/carriers/outboundroute/add/", fields)
        assert page.redirect_chain
        return unescape(page.content.decode())

    warned = "Once Kamailio is reloaded:"
    nobody = "outbound route 7: names no carrier group: its calls are answered 503."
    assert f"{warned}<ul><li>{nobody}</li></ul>" in added(prefix="7")
    empty = CarrierGroup.objects.create(name="Empty")
    assert (
        "outbound route 71: has no carrier group that calls can go to: its calls fall through to outbound route 7."
        in (added(**{"prefix": "71", "fall_through": "on", "route_groups-0-group": str(empty.pk)}))
    )
    assert warned not in added(prefix="72", refuse_code="403")
    assert warned not in added(**{"prefix": "73", "route_groups-0-group": str(carriers.group.pk)})


def test_a_group_stands_in_a_route_once(editor: Client, carriers: Carriers) -> None:
    row = {"id": "", "position": "", "group": str(carriers.group.pk)}
    changes = {"route_groups-TOTAL_FORMS": "2", **{f"route_groups-1-{name}": value for name, value in row.items()}}
    assert errors_of(post_page(editor, carriers.outbound_url, changes)) == (
        "group: This carrier group stands here twice: delete one."
    )
    assert carriers.outbound.route_groups.count() == 1


def test_shares_of_a_route(editor: Client, carriers: Carriers) -> None:
    assert post_page(editor, carriers.outbound_url, {"route_groups-0-share": "70"}).redirect_chain
    assert carriers.outbound.route_groups.get().share == 70
    assert "(share 70)" in editor.get("/admin/carriers/outboundroute/").content.decode()


def test_an_inbound_route(editor: Client, carriers: Carriers) -> None:
    assert post_page(editor, ADD_INBOUND, {"prefix": "", "pbx": str(carriers.pbx.pk)}).redirect_chain
    assert InboundRoute.objects.filter(prefix="", pbx=carriers.pbx).exists()
    assert "(every other number)" in editor.get("/admin/carriers/inboundroute/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"prefix": "1,2;x"}, "prefix", "Only digits"),
        ({"prefix": "1444"}, "prefix", "already exists"),
        ({"pbx": ""}, "pbx", "required"),
        ({"pbx": "999"}, "pbx", "valid choice"),
    ],
)
def test_bad_inbound_routes_are_refused(
    editor: Client, carriers: Carriers, changes: dict[str, str], field: str, reason: str
) -> None:
    errors = errors_of(post_page(editor, ADD_INBOUND, {"prefix": "8", "pbx": str(carriers.pbx.pk), **changes}))
    assert errors.startswith(f"{field}: ")
    assert reason in errors
    assert list(InboundRoute.objects.all()) == [carriers.inbound]


def test_groups_are_offered_by_name_or_address(editor: Client, carriers: Carriers) -> None:
    url = "/admin/autocomplete/?app_label=carriers&model_name=outboundroutegroup&field_name=group&term="
    assert [choice["text"] for choice in editor.get(url + "203.0.113.7").json()["results"]] == ["Acme"]
    assert editor.get(url + "nobody").json()["results"] == []


def test_rows_exchange_what_must_be_unique(editor: Client, carriers: Carriers) -> None:
    second = CarrierGroup.objects.create(name="Second")
    OutboundRouteGroup.objects.create(route=carriers.outbound, group=second, position=2)
    changes = {"route_groups-0-group": str(second.pk), "route_groups-1-group": str(carriers.group.pk)}
    assert post_page(editor, carriers.outbound_url, changes).redirect_chain
    assert [str(each) for each in carriers.outbound.route_groups.order_by("position")] == ["Second", "Acme"]
    changes = {"route_groups-0-group": str(carriers.group.pk), "route_groups-1-DELETE": "on"}
    assert post_page(editor, carriers.outbound_url, changes).redirect_chain
    assert [str(each) for each in carriers.outbound.route_groups.all()] == ["Acme"]
    SourceNetwork.objects.create(group=carriers.group, network="192.0.2.0/25")
    changes = {"sources-0-network": "192.0.2.0/25", "sources-1-network": "198.51.100.0/24"}
    assert post_page(editor, carriers.group_url, changes).redirect_chain
    networks = list(carriers.group.sources.order_by("pk").values_list("network", flat=True))
    assert networks == ["192.0.2.0/25", "198.51.100.0/24"]
