"""What a load stores, changes, keeps and deletes; and that it is all or nothing."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carriers.documents import carriers_document, load_document
from carriers.documents.load import object_count
from carriers.models import PBX, AuthCredential, CarrierGroup, Endpoint, OutboundRoute
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from tests.carriers.documents.loads import load, problems
from tests.carriers.documents.trees import PASSWORD, as_typed, default_topics, endpoint, example, with_password
from tests.carriers.stored import is_empty, keys, rows

pytestmark = pytest.mark.django_db


def test_everything_is_stored(loaded: dict[str, Any]) -> None:
    assert carriers_document() == loaded
    assert AuthCredential.objects.get().password_is(PASSWORD)


def test_loading_the_same_again_changes_nothing(loaded: dict[str, Any]) -> None:
    before = rows()
    for tree in (loaded, with_password(example())):
        lines = load(tree, prune=True)
        assert all(line.endswith(" unchanged") and ": 0 created, 0 changed, " in line for line in lines)
        assert rows() == before


def test_a_new_object_takes_the_defaults() -> None:
    load(
        {
            "carrier_groups": [{"name": " Acme ", "endpoints": [{"host": "203.0.113.7"}]}],
            "pbxs": [{"name": "office", "host": "192.0.2.9"}],
            "outbound_routes": [{"prefix": ""}],
            "inbound_routes": [{"prefix": "1", "pbx": "OFFICE"}],
        }
    )
    tree = carriers_document()
    assert tree["carrier_groups"] == [
        {
            "name": "Acme",
            "enabled": True,
            "selection": "position",
            "endpoints": [endpoint()],
            "sources": [],
            "template": "",
            "template_version": None,
            "extra_headers": [],
            **default_topics(GROUP_TOPICS),
        }
    ]
    assert tree["pbxs"] == [
        {
            "name": "office",
            "enabled": True,
            "sources": [],
            "host": "192.0.2.9",
            "port": 5060,
            "transport": "udp",
            **default_topics(PBX_TOPICS),
        }
    ]
    assert tree["outbound_routes"] == [
        {"prefix": "", "enabled": True, "condition": None, "groups": [], "refuse": None, "fall_through": False}
    ]
    assert tree["inbound_routes"] == [
        {"prefix": "1", "enabled": True, "pbx": "office", "by_carrier": [], "fall_through": False}
    ]


@pytest.mark.parametrize(("host", "port"), [("gw.example", None), ("203.0.113.9", 5060)])
def test_a_port_that_dns_decides(host: str, port: int | None) -> None:
    """An address needs no look-up, so that its port is the usual one."""
    credential = {"username": "1000", "password": PASSWORD, "registrar": host, "port": None}
    load({"carrier_groups": [{"name": "Acme", "endpoints": [{"host": host, "port": None}], "credential": credential}]})
    group = CarrierGroup.objects.get()
    assert (group.endpoints.get().port, group.credential.port) == (port, port)
    tree = carriers_document()
    assert load(tree)[0].endswith("1 unchanged")
    assert "credentials: 0 created, 0 changed, 1 unchanged" in load(tree)


def test_what_an_entry_leaves_out_stays(loaded: dict[str, Any]) -> None:
    before = rows()
    load(
        {
            "carrier_groups": [{"name": "Acme"}, {"name": "Müller, Söhne", "enabled": True}],
            "pbxs": [{"name": "office"}],
            "outbound_routes": [{"prefix": ""}],
            "inbound_routes": [{"prefix": "1444"}],
        }
    )
    after = rows()
    assert CarrierGroup.objects.get(name="Müller, Söhne").enabled
    CarrierGroup.objects.filter(name="Müller, Söhne").update(enabled=False)
    assert rows() == before != after


def test_names_are_found_whatever_their_case_and_keys_stay(loaded: dict[str, Any]) -> None:
    before = keys()
    loaded["carrier_groups"][0]["name"] = "ACME"
    loaded["carrier_groups"][1]["name"] = "MÜLLER, SÖHNE"
    loaded["outbound_routes"][0]["groups"] = [{"group": "müller, söhne", "share": 70, "condition": "AT NIGHT"}, "acme"]
    assert load(loaded)[0] == "carrier groups: 0 created, 2 changed, 0 unchanged"
    assert keys() == before
    assert set(CarrierGroup.objects.values_list("name", flat=True)) == {"ACME", "MÜLLER, SÖHNE"}


def test_names_are_found_however_their_letters_are_composed(loaded: dict[str, Any]) -> None:
    """A document that was saved on a Mac has its umlauts decomposed."""
    before, stored = keys(), rows()
    text = json.dumps(with_password(example()), ensure_ascii=False)
    lines = load(json.loads(unicodedata.normalize("NFD", text)), prune=True)
    assert all(": 0 created, 0 changed, " in line and line.endswith(" unchanged") for line in lines)
    assert (keys(), rows()) == (before, stored)
    mixed = example()
    mixed["outbound_routes"][0]["groups"] = [unicodedata.normalize("NFD", "Müller, Söhne"), "Acme"]
    mixed["pbxs"][0]["name"] = "Büro"
    mixed["inbound_routes"][0]["pbx"] = unicodedata.normalize("NFD", "Büro")
    load(mixed)
    assert PBX.objects.get(name="Büro").inbound_routes.count() == 1


def test_two_names_that_look_the_same_are_refused(loaded: dict[str, Any]) -> None:
    twins = [{"name": "Größe"}, {"name": unicodedata.normalize("NFD", "Größe")}]
    assert "stands twice in this section" in problems({"carrier_groups": twins})[0]


def test_a_list_is_the_whole_list(loaded: dict[str, Any]) -> None:
    group = loaded["carrier_groups"][0]
    group["endpoints"] = [group["endpoints"][2], endpoint(host="192.0.2.1")]
    group["sources"] = ["2001:db8::/32", "192.0.2.0/24"]
    loaded["outbound_routes"][0]["groups"] = ["Acme"]
    lines = load(loaded)
    assert "endpoints: 1 created, 1 changed, 0 unchanged, 2 deleted" in lines[1]
    assert "(gw.acme.example:5070/tcp, primary (203.0.113.7:5060))" in lines[1]
    assert "source networks: 1 created, 0 changed, 2 unchanged, 1 deleted (198.51.100.0/24)" in lines
    assert "outbound routes: 0 created, 1 changed, 1 unchanged" in lines
    assert carriers_document() == loaded


def test_the_order_of_a_list_is_the_order_of_the_calls(loaded: dict[str, Any]) -> None:
    before = keys()
    loaded["carrier_groups"][0]["endpoints"].reverse()
    loaded["outbound_routes"][0]["groups"].reverse()
    load(loaded)
    assert carriers_document() == loaded
    after = keys()
    for name in ("OutboundRouteGroup",):  # these have no key that Kamailio knows
        del before[name], after[name]
    assert after == before


def test_a_refusal_is_changed_and_ended(loaded: dict[str, Any]) -> None:
    load({"outbound_routes": [{"prefix": "9", "refuse": {"code": 603}}]})
    assert carriers_document()["outbound_routes"][1]["refuse"] == {"code": 603, "reason": ""}
    load({"outbound_routes": [{"prefix": "9", "refuse": None, "groups": ["Acme"]}]})
    assert carriers_document()["outbound_routes"][1]["refuse"] is None
    load({"outbound_routes": [{"prefix": "9", "groups": [], "refuse": {"code": 403, "reason": "No"}}]})
    assert carriers_document()["outbound_routes"][1]["groups"] == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"refuse": {"code": 403}, "groups": ["Acme"]}, "refuse: a route that refuses its calls has no carrier groups"),
        ({"groups": ["Acme"]}, "refuse: a route that refuses its calls has no carrier groups"),
        ({"refuse": {"code": 407}}, "refuse.code: 407 is not possible; possible are 403, 404, 410, 480"),
        ({"refuse": {"code": "no"}}, "refuse.code: “no” is not a whole number."),
        ({"refuse": {"reason": "x"}}, "refuse.code: this key is missing."),
        ({"refuse": {"code": 403, "reason": "Größe"}}, "refuse.reason: Only letters without accents"),
        ({"refuse": {"code": 403, "reason": "x\r\nContact: y"}}, "refuse.reason: Only letters without accents"),
        ({"refuse": {"code": 403, "reason": "x" * 65}}, "refuse.reason: Ensure this value has at most 64 characters"),
        ({"refuse": {"code": 403, "text": "x"}}, "refuse: the key “text” is not known; known are code, reason."),
        ({"refuse": "403"}, "refuse: this must be a mapping with the keys code, reason."),
        ({"fall_through": "maybe"}, "fall_through: “maybe” is neither true nor false."),
    ],
)
def test_what_a_route_cannot_refuse_with(loaded: dict[str, Any], entry: dict[str, Any], problem: str) -> None:
    said = problems({"outbound_routes": [{"prefix": "9", **entry}]})
    assert any(problem in sentence for sentence in said), said


def test_a_credential_is_deleted_by_null(loaded: dict[str, Any]) -> None:
    loaded["carrier_groups"][0]["credential"] = None
    assert any("credentials: 0 created, 0 changed, 0 unchanged, 1 deleted" in line for line in load(loaded))
    assert not AuthCredential.objects.exists()


# --- Passwords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [None, ""])
def test_a_password_that_is_left_out_stays(loaded: dict[str, Any], password: str | None) -> None:
    before = AuthCredential.objects.get().password_ciphertext
    credential = loaded["carrier_groups"][0]["credential"]
    credential.update(realm="other", password=password)
    load(loaded)
    stored = AuthCredential.objects.get()
    assert (stored.realm, stored.password_ciphertext) == ("other", before)


def test_a_new_password_replaces_the_stored_one(loaded: dict[str, Any]) -> None:
    before = rows()["AuthCredential"]
    assert "credentials: 0 created, 1 changed, 0 unchanged" in load(with_password(loaded, 'another "one"'))
    assert AuthCredential.objects.get().password_is('another "one"')
    assert [row[0] for row in before] == [AuthCredential.objects.get().pk]


def test_a_number_as_password_must_be_a_text() -> None:
    tree = with_password(example())
    tree["carrier_groups"][0]["credential"]["password"] = ["hunter2"]
    assert problems(tree) == ["carrier_groups[0] “Acme”: credential.password: this must be a text: put it in quotes."]


# --- Dry run and prune ------------------------------------------------------------------------------------------------


def test_a_dry_run_says_the_same_and_stores_nothing() -> None:
    tree = with_password(example())
    said = load(tree, dry_run=True)
    assert is_empty()
    assert load(tree) == said


def test_prune_deletes_what_a_section_does_not_name(loaded: dict[str, Any]) -> None:
    for name in ("Zeta", "Beta"):
        CarrierGroup.objects.create(name=name)
    PBX.objects.create(name="branch", host="192.0.2.10")
    OutboundRoute.objects.create(prefix="8")
    del loaded["inbound_routes"]
    loaded["pbxs"] = []
    tree = {key: loaded[key] for key in ("carrier_groups", "pbxs")}
    assert "deleted" not in " ".join(load(tree))
    lines = load(tree, prune=True)
    assert lines[0] == "carrier groups: 0 created, 0 changed, 2 unchanged, 2 deleted (Beta, Zeta)"
    assert "PBXs: 0 created, 0 changed, 0 unchanged, 2 deleted (branch, office)" in lines
    assert set(OutboundRoute.objects.values_list("prefix", flat=True)) == {"", "8", "9"}, "this section is not there"
    assert carriers_document()["inbound_routes"] == [], "a route goes with its PBX"


def test_prune_of_an_empty_section_deletes_all_of_it(loaded: dict[str, Any]) -> None:
    load({section: [] for section in loaded}, prune=True)
    assert is_empty()


# --- How much work ----------------------------------------------------------------------------------------------------


def many(count: int) -> dict[str, Any]:
    groups = []
    for number in range(count):
        credential = {"username": str(number), "password": "secret", "registrar": "sip.example"}
        hosts = [f"10.{number // 250}.{number % 250}.{last}" for last in (1, 2, 3)]
        groups.append(
            {
                "name": f"group {number}",
                "endpoints": [{"host": host} for host in hosts],
                "sources": [f"{hosts[0]}/32"],
                "credential": credential,
            }
        )
    return {
        "carrier_groups": groups,
        "outbound_routes": [{"prefix": str(number), "groups": [f"group {number}"]} for number in range(count)],
    }


@pytest.mark.parametrize("again", [False, True])
def test_queries_do_not_grow_with_the_document(again: bool) -> None:
    counts = []
    load(many(1), dry_run=True)  # what is cached for good is cached now
    for size in (5, 20):  # SQLite takes 999 values in a query
        if again:
            load(many(size))
        with CaptureQueriesContext(connection) as queries:
            load(many(size), dry_run=not again)
        # The history goes in by batches, which SQLite limits to some fifty entries.
        counts.append(sum("INSERT INTO" not in query["sql"] or "history_" not in query["sql"] for query in queries))
    assert counts[0] == counts[1] < 60


def test_queries_do_not_grow_with_what_is_pruned() -> None:
    counts = []
    for size in (5, 25):
        load(many(size))
        with CaptureQueriesContext(connection) as queries:
            load({"carrier_groups": [], "outbound_routes": []}, prune=True)
        assert is_empty()
        counts.append(len(queries))
    assert counts[0] == counts[1] < 60


def test_progress_is_told_for_every_object() -> None:
    tree = example()
    told: list[int] = []
    load_document(as_typed(with_password(tree)), advance=told.append)
    assert sum(told) == object_count(tree) == 8
    assert object_count(["no", "document"]) == object_count(None) == object_count({"pbxs": "x"}) == 0


def test_endpoints_may_be_told_by_their_names_alone() -> None:
    load({"carrier_groups": [{"name": "Acme", "endpoints": [endpoint(name="a"), endpoint(name="b", strip=1)]}]})
    before = {each.name: each.pk for each in Endpoint.objects.all()}
    moved = [endpoint(name="b", host="192.0.2.2"), endpoint(name="a", host="192.0.2.1")]
    load({"carrier_groups": [{"name": "Acme", "endpoints": moved}]})
    assert {each.name: each.pk for each in Endpoint.objects.all()} == before
    assert list(Endpoint.objects.order_by("position").values_list("name", "host")) == [
        ("b", "192.0.2.2"),
        ("a", "192.0.2.1"),
    ]
