"""Whatever the carriers are: dumped and loaded they are the same, apart from passwords, which never come out."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carriers.documents import carriers_document, dump_json, dump_yaml, load_document, read_document
from carriers.models import AuthCredential
from carriers.models.topics.registry import GROUP_TOPICS, PBX_TOPICS
from carriers.models.topics.topic import Topic
from carriers.values.addresses import as_ipv4
from carriers.values.names import name_key
from tests.carriers.documents.trees import as_typed, changed_topics, topic_values
from tests.carriers.stored import is_empty, keys

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"

# Signs of YAML, JSON, CSV and SIP, several scripts, and what YAML takes for numbers and words.
texts = st.text("aAbzZ09 .,:;#&*!|>'\"%@`{}[]-?<=~\\/äßéЖ日😀", min_size=1, max_size=12)
words = st.sampled_from(
    ["no", "Yes", "null", "~", "0123", "1e3", "2026-01-01", "0x1F", "true", "=", "<<", "- a", "a: b"]
)
names = (texts | words).map(str.strip).filter(bool)
prefixes = st.text("0123456789*#+", max_size=5)
hosts = st.one_of(
    st.ip_addresses(v=4).filter(lambda ip: not ip.is_multicast and not ip.is_unspecified).map(str),
    st.ip_addresses(v=6)
    .filter(lambda ip: not ip.is_multicast and not ip.is_unspecified and ip == as_ipv4(ip))
    .map(str),
    st.sampled_from(["gw.example", "a-1.b.example", "no", "9.example"]),
).filter(lambda host: host != "255.255.255.255")
networks = st.sampled_from(["198.51.100.0/24", "192.0.2.1/32", "2001:db8::/32", "10.0.0.0/8", "2001:db8::1/128"])
ports = st.integers(1, 65535)
transports = st.sampled_from(["udp", "tcp"])
flags = st.booleans()
quotables = st.text("aZ09 .,:;#&*!@'{}[]äЖ-", max_size=10).map(str.strip)

endpoints = st.fixed_dictionaries(
    {
        "name": st.just("") | names,
        "host": hosts,
        "port": ports,
        "transport": transports,
        "strip": st.integers(0, 30),
        "prefix": prefixes,
        "direction": st.sampled_from(["both", "outbound", "inbound"]),
        "weight": st.integers(1, 100),
        "socket": st.sampled_from(["", "carriers", "default"]),
        "enabled": flags,
    }
)
credentials = st.fixed_dictionaries(
    {
        "username": st.text("abZ09+.-_~!*()&=$/ä", min_size=1, max_size=10),
        "auth_username": quotables,
        "registrar": st.builds(
            lambda host, port: f"[{host}]:{port}" if ":" in host else f"{host}:{port}", hosts, ports
        ),
        "transport": transports,
        "domain": st.sampled_from(["tel.example", "203.0.113.9"]),
        "calls_to_domain": flags,
        "contact_user": st.sampled_from(["", "+4930123"]),
        "whole_trunk": st.just(False),  # noqa: FBT003
        "service_route": flags,
        "more_registrars": st.sampled_from(["", "gw2.example", "[2001:db8::9]:5070, sip:gw3.example;transport=tcp"]),
        "realm": quotables,
        "more_realms": st.sampled_from(["", "pop1", "pop1, POP 2"]),
        "register": flags,
        "expires": st.integers(60, 86400),
    }
)

headers = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"X-[A-Za-z0-9-]{1,20}", fullmatch=True),
        "value": st.text('abc 019;="<>@\\', min_size=1, max_size=20).filter(lambda value: value == value.strip()),
        "secret": st.sampled_from([False]),
    }
)


WITH_A_KEY = ("client_certificate",)  # which never comes out


def drawn_topics(topics: tuple[Topic, ...]) -> dict[str, Any]:
    """Return a strategy for each topic."""
    return {
        topic.key: st.fixed_dictionaries(
            {
                each.name: st.sampled_from([""] if each.name in WITH_A_KEY else topic_values(each))
                for each in topic.fields._meta.local_fields
                if each.editable
            }
        ).map(partial(going_together, topic))
        for topic in topics
    }


def going_together(topic: Topic, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values, or others if they do not go together."""
    wrong = topic.errors is not None and topic.errors(SimpleNamespace(client_key_ciphertext="", **values))
    return changed_topics([topic])[topic.key] if wrong else values


def distinct(endpoint: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(endpoint[key] for key in ("host", "port", "transport", "strip", "prefix"))


groups = st.fixed_dictionaries(
    {
        "name": names,
        "enabled": flags,
        "selection": st.sampled_from(["position", "weight"]),
        "endpoints": st.lists(endpoints, max_size=4, unique_by=distinct),
        "sources": st.lists(networks, max_size=3, unique=True),
        **drawn_topics(GROUP_TOPICS),
        "template": st.sampled_from(["", "acme-sip"]),
        "template_version": st.none() | st.integers(1, 99),
        "extra_headers": st.lists(headers, max_size=3, unique_by=lambda header: header["name"].lower()),
    },
    optional={"credential": credentials},
)


@st.composite
def carriers(draw: st.DrawFn) -> dict[str, Any]:
    """Draw carriers as a dump has them."""
    drawn_groups = draw(st.lists(groups, max_size=4, unique_by=comparable))
    pbx = st.fixed_dictionaries(
        {
            "name": names,
            "enabled": flags,
            "sources": st.lists(networks, max_size=2, unique=True),
            "host": hosts,
            "port": ports,
            "transport": transports,
            **drawn_topics(PBX_TOPICS),
        }
    )
    pbxs = draw(st.lists(pbx, max_size=2, unique_by=comparable))
    group_names = [group["name"] for group in drawn_groups]
    pbx_names = [each["name"] for each in pbxs]
    conditions = draw(st.lists(condition(pbx_names), max_size=2, unique_by=comparable))
    some_condition = st.none() | st.sampled_from([each["name"] for each in conditions] or [None])
    shared = st.builds(limited, st.sampled_from(group_names or [""]), st.none() | st.integers(1, 100), some_condition)
    some_groups = (
        st.lists(shared, unique_by=lambda each: each if isinstance(each, str) else each["group"], max_size=3)
        if group_names
        else st.just([])
    )
    reasons = st.text("aZ09 -_.!~*'()/?:@&=+,", max_size=12).map(str.strip)
    refusals = st.fixed_dictionaries({"code": st.sampled_from([403, 480, 604]), "reason": reasons})
    ways = st.one_of(
        st.fixed_dictionaries({"groups": some_groups, "refuse": st.none()}),
        st.fixed_dictionaries({"groups": st.just([]), "refuse": refusals}),
    )
    outbound = st.builds(
        lambda route, way: {**route, **way},
        st.fixed_dictionaries(
            {"prefix": prefixes, "enabled": flags, "condition": some_condition, "fall_through": flags}
        ),
        ways,
    )
    inbound = st.fixed_dictionaries(
        {
            "prefix": prefixes,
            "enabled": flags,
            "pbx": st.sampled_from(pbx_names or [""]),
            "by_carrier": by_carrier(group_names, pbx_names),
            "fall_through": flags,
        }
    )
    return {
        "carrier_groups": drawn_groups,
        "pbxs": pbxs,
        "conditions": conditions,
        "outbound_routes": draw(st.lists(outbound, max_size=3, unique_by=lambda route: route["prefix"])),
        "inbound_routes": draw(st.lists(inbound, max_size=2 if pbxs else 0, unique_by=lambda route: route["prefix"])),
    }


def condition(pbx_names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for conditions that name these PBXs."""
    some_pbxs = st.lists(st.sampled_from(pbx_names), unique=True).map(sorted) if pbx_names else st.just([])
    return st.fixed_dictionaries(
        {
            "name": names,
            "pbxs": st.none() | some_pbxs,
            "hours": st.sampled_from(["Mon-Fri 08:00-18:00, Sat 22:00-02:00", "Sun 00:00-24:00"]),
            "holidays": st.sampled_from(["", "12-25, 2027-03-26"]),
            "outside": flags,
            "time_zone": st.sampled_from(["UTC", "Europe/Berlin"]),
        }
    )


def limited(name: str, share: int | None, condition: str | None) -> Any:
    """Return a carrier group of a route as a dump has it."""
    limits = {"share": share, "condition": condition}
    found = {key: value for key, value in limits.items() if value is not None}
    return {"group": name, **found} if found else name


def by_carrier(group_names: list[str], pbx_names: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Return a strategy for the carrier groups of an inbound route whose calls go to another PBX."""
    if not group_names or not pbx_names:
        return st.just([])
    entry = st.fixed_dictionaries({"group": st.sampled_from(group_names), "pbx": st.sampled_from(pbx_names)})
    some = st.lists(entry, max_size=3, unique_by=lambda each: each["group"])
    return some.map(lambda entries: sorted(entries, key=lambda each: each["group"]))


def comparable(entry: dict[str, Any]) -> str:
    """Return what names differ in on every database: MariaDB takes ä for a, ß for s, and one emoji for another."""
    table = str.maketrans({"ä": "a", "ß": "s", "é": "e", "😀": "?"})
    return name_key(entry["name"]).translate(table)


def with_passwords(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        **tree,
        "carrier_groups": [
            {**group, "credential": {**group["credential"], "password": PASSWORD}} if "credential" in group else group
            for group in tree["carrier_groups"]
        ],
    }


def in_order(tree: dict[str, Any]) -> dict[str, Any]:
    """Sort the sections as no order of theirs matters, whatever the database's idea of an alphabet."""
    return {
        section: sorted(entries, key=lambda entry: entry.get("name", entry.get("prefix")))
        for section, entries in tree.items()
    }


@given(tree=carriers(), write=st.sampled_from([dump_yaml, dump_json]))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_dump_then_load_is_the_identity(tree: dict[str, Any], write: Any) -> None:
    load_document({section: [] for section in tree}, prune=True)
    assert is_empty()
    load_document(as_typed(with_passwords(tree)))
    dumped = carriers_document()
    assert in_order(dumped) == in_order(tree)
    text = write(dumped)
    assert PASSWORD not in text
    before = keys()
    load_document(read_document(text), prune=True)
    assert keys() == before
    assert carriers_document() == dumped
    assert all(credential.password_is(PASSWORD) for credential in AuthCredential.objects.all())
    # Onto nothing: as on another machine, where passwords must come along.
    load_document({section: [] for section in tree}, prune=True)
    load_document(with_passwords(read_document(text)))
    assert in_order(carriers_document()) == in_order(tree)
