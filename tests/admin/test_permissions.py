"""Who may do what: role x page x status, for every page and every POST."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from carriers.history.models import HistoryEntry
from carriers.models import CarrierGroup
from carriers.snapshots.state import take_state
from kamailio_bridge.nodes.models import KamailioNode
from kamailio_bridge.revisions.models import Revision
from kamailio_bridge.revisions.state_bytes import pack
from tests.admin.forms import Carriers

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"]), pytest.mark.usefixtures("kamailio_down")]

ROLES = ("anonymous", "customer", "staff", "viewer", "editor", "operator", "superuser")
LOGIN = 302  # to the login page
VIEW = (LOGIN, LOGIN, 403, 200, 200, 200, 200)
EDIT = (LOGIN, LOGIN, 403, 403, 200, 200, 200)
OPERATE = (LOGIN, LOGIN, 403, 403, 403, 200, 200)
NOBODY = (LOGIN, LOGIN, 403, 403, 403, 403, 403)
TEST = (LOGIN, LOGIN, 403, 403, 503, 503, 503)
SUPERUSER = (LOGIN, LOGIN, 403, 403, 403, 403, 200)

GET_PAGES = {
    "/admin/": (LOGIN, LOGIN, 200, 200, 200, 200, 200),
    "/admin/password_change/": (LOGIN, LOGIN, 200, 200, 200, 200, 200),
    "/admin/sessions/": (LOGIN, LOGIN, 200, 200, 200, 200, 200),
    "/admin/sessions/end/": (LOGIN, LOGIN, 405, 405, 405, 405, 405),
    "/admin/carriers/": (LOGIN, LOGIN, 404, 200, 200, 200, 200),
    "/admin/carriers/carriergroup/": VIEW,
    "/admin/carriers/carriergroup/add/": EDIT,
    "/admin/carriers/carriergroup/{group}/change/": VIEW,
    "/admin/carriers/carriergroup/{group}/history/": VIEW,
    "/admin/carriers/carriergroup/{group}/delete/": EDIT,
    "/admin/carriers/pbx/": VIEW,
    "/admin/carriers/pbx/add/": EDIT,
    "/admin/carriers/pbx/{pbx}/change/": VIEW,
    "/admin/carriers/pbx/{pbx}/history/": VIEW,
    "/admin/carriers/pbx/{pbx}/delete/": EDIT,
    "/admin/carriers/outboundroute/": VIEW,
    "/admin/carriers/outboundroute/add/": EDIT,
    "/admin/carriers/outboundroute/{outbound}/change/": VIEW,
    "/admin/carriers/outboundroute/{outbound}/history/": VIEW,
    "/admin/carriers/outboundroute/{outbound}/delete/": EDIT,
    "/admin/carriers/inboundroute/": VIEW,
    "/admin/carriers/inboundroute/add/": EDIT,
    "/admin/carriers/inboundroute/{inbound}/change/": VIEW,
    "/admin/carriers/inboundroute/{inbound}/history/": VIEW,
    "/admin/carriers/inboundroute/{inbound}/delete/": EDIT,
    "/admin/autocomplete/?app_label=carriers&model_name=outboundroutegroup&field_name=group": VIEW,
    "/admin/kamailio_bridge/": (LOGIN, LOGIN, 404, 200, 200, 200, 200),
    "/admin/kamailio_bridge/revision/": VIEW,
    "/admin/kamailio_bridge/revision/{revision}/change/": VIEW,
    "/admin/kamailio_bridge/revision/{revision}/history/": VIEW,
    "/admin/kamailio_bridge/revision/{revision}/delete/": NOBODY,
    "/admin/kamailio_bridge/revision/add/": NOBODY,
    "/admin/kamailio_bridge/kamailionode/": VIEW,
    "/admin/kamailio_bridge/kamailionode/add/": SUPERUSER,
    "/admin/kamailio_bridge/kamailionode/{node}/change/": VIEW,
    "/admin/kamailio_bridge/kamailionode/{node}/history/": VIEW,
    "/admin/kamailio_bridge/kamailionode/{node}/delete/": SUPERUSER,
    "/admin/kamailio/nodes/edge/now/": VIEW,
    "/admin/kamailio/nodes/local/now/": (LOGIN, LOGIN, 403, 404, 404, 404, 404),
    "/admin/kamailio/nodes/retry/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/nodes/{node}/take-over/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/nodes/{node}/enable/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/history/historyentry/": VIEW,
    "/admin/history/historyentry/add/": NOBODY,
    "/admin/history/historyentry/{entry}/change/": VIEW,
    "/admin/history/historyentry/{entry}/delete/": NOBODY,
    "/admin/kamailio/waiting/": OPERATE,
    "/admin/kamailio/revisions/{revision}/roll-back/": OPERATE,
    "/admin/kamailio/waiting/count/": OPERATE,
    "/admin/kamailio/reload/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/drift/": OPERATE,
    "/admin/kamailio/drift/nodes/": OPERATE,
    "/admin/kamailio/drift/put-back/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/drift/take-over/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/route/": VIEW,
    "/admin/kamailio/route/?number=914443332222": VIEW,
    "/admin/kamailio/who-is/": VIEW,
    "/admin/kamailio/who-is/?address=192.0.2.9": VIEW,
    "/admin/kamailio/registrations/?group={group}": VIEW,
    "/admin/kamailio/test/endpoint/1/": (LOGIN, LOGIN, 403, 403, 405, 405, 405),
    "/admin/axes/accessattempt/": SUPERUSER,
    "/admin/axes/accesslog/": SUPERUSER,
    "/admin/auth/user/": SUPERUSER,
    "/admin/auth/user/add/": SUPERUSER,
    "/admin/auth/group/": SUPERUSER,
    "/admin/auth/group/add/": SUPERUSER,
}
# What a POST of an empty form answers: 200 is the form with its errors, 302 for those who are let in is a redirect.
POST_PAGES = {
    "/admin/sessions/": (LOGIN, LOGIN, 405, 405, 405, 405, 405),
    "/admin/sessions/end/": (LOGIN, LOGIN, 302, 302, 302, 302, 302),
    "/admin/carriers/carriergroup/add/": EDIT,
    "/admin/carriers/pbx/add/": EDIT,
    "/admin/carriers/outboundroute/{outbound}/delete/": (LOGIN, LOGIN, 403, 403, 200, 200, 200),
    "/admin/kamailio_bridge/revision/add/": NOBODY,
    "/admin/kamailio_bridge/revision/{revision}/change/": NOBODY,
    "/admin/kamailio_bridge/revision/{revision}/delete/": NOBODY,
    "/admin/kamailio_bridge/kamailionode/add/": SUPERUSER,
    "/admin/kamailio_bridge/kamailionode/{node}/change/": SUPERUSER,
    "/admin/kamailio/nodes/edge/now/": (LOGIN, LOGIN, 403, 405, 405, 405, 405),
    "/admin/kamailio/nodes/retry/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/nodes/{node}/take-over/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/nodes/{node}/enable/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/reload/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/drift/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/drift/nodes/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/drift/put-back/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/drift/take-over/": (LOGIN, LOGIN, 403, 403, 403, 302, 302),
    "/admin/kamailio/revisions/{revision}/roll-back/": OPERATE,
    "/admin/kamailio/waiting/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/route/": (LOGIN, LOGIN, 403, 405, 405, 405, 405),
    "/admin/kamailio/who-is/": (LOGIN, LOGIN, 403, 405, 405, 405, 405),
    "/admin/kamailio/waiting/count/": (LOGIN, LOGIN, 403, 403, 403, 405, 405),
    "/admin/kamailio/registrations/": (LOGIN, LOGIN, 403, 405, 405, 405, 405),
    # No node is there to ask: 503 says so to those who may.
    "/admin/kamailio/test/endpoint/{endpoint}/": TEST,
    "/admin/kamailio/test/realm/{group}/": TEST,
    "/admin/kamailio/test/credential/{group}/": TEST,
}


def _filled(url: str, carriers: Carriers) -> str:
    node, _ = KamailioNode.objects.get_or_create(name="edge", rpc_url="http://127.0.0.1:9/RPC")
    revision = Revision.objects.create(outcome=Revision.Outcome.VERIFIED, snapshot=pack(take_state()))
    return url.format(
        group=carriers.group.pk,
        endpoint=carriers.group.endpoints.get(position=1).pk,
        pbx=carriers.pbx.pk,
        outbound=carriers.outbound.pk,
        inbound=carriers.inbound.pk,
        revision=revision.pk,
        node=node.pk,
        entry=HistoryEntry.objects.latest("pk").pk,
    )


@pytest.mark.parametrize("url", GET_PAGES)
def test_who_may_see_a_page(url: str, login: Callable[..., Client], carriers: Carriers) -> None:
    page = _filled(url, carriers)
    answers = [login(role).get(page) for role in ROLES]
    assert [answer.status_code for answer in answers] == list(GET_PAGES[url])
    assert all(answer["Location"].startswith("/admin/login/") for answer in answers[:2])


@pytest.mark.parametrize("url", POST_PAGES)
def test_who_may_post(url: str, login: Callable[..., Client], carriers: Carriers) -> None:
    page = _filled(url, carriers)
    answers = [login(role).post(page) for role in ROLES]
    assert [answer.status_code for answer in answers] == list(POST_PAGES[url])
    assert all(answer["Location"].startswith("/admin/login/") for answer in answers[:2])


@pytest.mark.parametrize("kind", ["carriergroup", "pbx", "outboundroute", "inboundroute"])
def test_who_may_change(kind: str, login: Callable[..., Client], carriers: Carriers) -> None:
    names = {"carriergroup": "group", "outboundroute": "outbound", "inboundroute": "inbound"}
    pk = getattr(carriers, names.get(kind, kind)).pk
    url = f"/admin/carriers/{kind}/{pk}/change/"
    management = {
        f"{prefix}-{name}_FORMS": "0"
        for prefix in ("endpoints", "sources", "credential", "route_groups")
        for name in ("TOTAL", "INITIAL")
    }
    statuses = [login(role).post(url, management).status_code for role in ROLES[:4]]
    assert statuses == [LOGIN, LOGIN, 403, 403]
    # For these the form is checked: refused for its blank name, or, where nothing is required, stored.
    allowed = 302 if kind == "outboundroute" else 200
    assert [login(role).post(url, management).status_code for role in ROLES[4:]] == [allowed] * 3


@pytest.mark.parametrize("action", ["disable", "delete_selected"])
@pytest.mark.parametrize("role", ROLES)
def test_who_may_act_on_many(role: str, action: str, login: Callable[..., Client], carriers: Carriers) -> None:
    login(role).post(
        "/admin/carriers/carriergroup/", {"action": action, "_selected_action": [carriers.group.pk], "post": "yes"}
    )
    group = CarrierGroup.objects.filter(pk=carriers.group.pk).first()
    unchanged = group is not None and group.enabled
    assert unchanged == (role not in ("editor", "operator", "superuser"))


@pytest.mark.parametrize(
    "url",
    [
        "/admin/kamailio/reload/",
        "/admin/kamailio/revisions/1/roll-back/",
        "/admin/kamailio/test/endpoint/1/",
        "/admin/kamailio/test/realm/1/",
        "/admin/kamailio/test/credential/1/",
        "/admin/carriers/carriergroup/add/",
        "/admin/carriers/carriergroup/",
        "/admin/carriers/pbx/add/",
        "/admin/kamailio/nodes/retry/",
        "/admin/logout/",
        "/admin/sessions/end/",
    ],
)
def test_a_post_without_csrf_token_is_refused(url: str, login: Callable[..., Client], carriers: Carriers) -> None:
    client = login("superuser", enforce_csrf_checks=True)
    assert client.post(url, {"action": "disable", "_selected_action": [carriers.group.pk]}).status_code == 403
    assert CarrierGroup.objects.get(pk=carriers.group.pk).enabled
    assert not Revision.objects.exists()


@pytest.mark.parametrize("role", ROLES[2:])
def test_only_operators_see_the_button(role: str, login: Callable[..., Client], carriers: Carriers) -> None:
    html = login(role).get("/admin/").content.decode()
    assert ("/admin/kamailio/reload/" in html) == (role in ("operator", "superuser"))
    assert ("/admin/kamailio/waiting/" in html) == (role in ("operator", "superuser"))


def test_the_button_is_on_every_page(login: Callable[..., Client], carriers: Carriers) -> None:
    client = login("superuser")
    for url, statuses in GET_PAGES.items():
        if statuses[-1] == 200 and not any(
            data in url for data in ("autocomplete", "count/", "now/", "registrations", "drift/nodes/")
        ):
            html = client.get(_filled(url, carriers)).content.decode()
            header = html.partition('<div id="reload-kamailio">')[2].partition("</div>")[0]
            assert 'href="/admin/kamailio/waiting/"' in header, url
            assert 'action="/admin/kamailio/reload/"' in header, url  # for those who are in a hurry
