"""Bad input in documents: refused by the command with place, field and reason, and nothing of the document is stored.

The table is the one that the forms are tested with. Each document has a good half, too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.carriers.stored import is_empty
from tests.commands import Ran, run_command
from tests.input import (
    BAD_CONDITIONS,
    BAD_CREDENTIALS,
    BAD_ENDPOINTS,
    BAD_HEADERS,
    BAD_HOSTS,
    BAD_NAMES,
    BAD_NETWORKS,
    BAD_PBX_SETTINGS,
    BAD_PREFIXES,
    BAD_SETTINGS,
    BAD_SHARES,
    Typed,
)

pytestmark = pytest.mark.django_db

PASSWORD = "correct-horse-battery"
GOOD = {
    "name": "Good",
    "endpoints": [{"host": "203.0.113.7"}],
    "sources": ["203.0.113.0/24"],
    "credential": {"username": "1000", "password": PASSWORD, "registrar": "sip.good.example"},
}
SECTION = "carrier_groups"


def load(folder: Path, tree: dict[str, Any]) -> Ran:
    path = folder / "carriers.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    return run_command("load_carriers", str(path))


def assert_refused(ran: Ran, place: str, reason: str) -> None:
    assert ran.status == 1
    sentence, end = ran.err.splitlines()
    _, found, said = sentence.partition(f"{place}: ")
    assert found, f"{sentence} does not name {place}"
    assert re.search(reason, said), sentence
    assert end == "CommandError: 1 mistake in the document: nothing was stored."
    assert ran.out == ""
    assert PASSWORD not in ran.err
    assert is_empty()


@pytest.mark.parametrize(("typed", "field", "reason"), BAD_ENDPOINTS)
def test_endpoints(tmp_path: Path, typed: Typed, field: str, reason: str) -> None:
    bad = {"name": "Bad", "endpoints": [{"host": "203.0.113.8"}, {"host": "gw.example", **typed}]}
    ran = load(tmp_path, {SECTION: [GOOD, bad]})
    assert_refused(ran, f"carrier_groups[1] “Bad”: endpoints[1].{field}", reason)


@pytest.mark.parametrize(("topic", "typed", "field", "reason"), BAD_SETTINGS)
def test_settings(tmp_path: Path, topic: str, typed: Typed, field: str, reason: str) -> None:
    ran = load(tmp_path, {SECTION: [GOOD, {"name": "Bad", topic: typed}]})
    assert_refused(ran, f"carrier_groups[1] “Bad”.{topic}.{field}", reason)


@pytest.mark.parametrize("secret", ["true", "false"])
@pytest.mark.parametrize(("typed", "field", "reason"), BAD_HEADERS)
def test_extra_headers(tmp_path: Path, *, typed: Typed, field: str, reason: str, secret: str) -> None:
    header = {"name": "X-Token", "value": "a", "secret": secret, **typed}
    ran = load(tmp_path, {SECTION: [GOOD, {"name": "Bad", "extra_headers": [header]}]})
    assert_refused(ran, f"carrier_groups[1] “Bad”: extra_headers[0].{field}", f"{reason}|needs a value")


def test_extra_headers_of_one_name(tmp_path: Path) -> None:
    headers = [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}]
    ran = load(tmp_path, {SECTION: [GOOD, {"name": "Bad", "extra_headers": headers}]})
    assert_refused(ran, "carrier_groups[1] “Bad”: extra_headers[1].name", "“x-a” stands here twice")


@pytest.mark.parametrize(("topic", "typed", "field", "reason"), BAD_PBX_SETTINGS)
def test_settings_of_a_pbx(tmp_path: Path, topic: str, typed: Typed, field: str, reason: str) -> None:
    ran = load(tmp_path, {"pbxs": [{"name": "office", "host": "192.0.2.9", topic: typed}]})
    assert_refused(ran, f"pbxs[0] “office”.{topic}.{field}", reason)


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [({"codes": "5xx"}, "“codes” is not known; known are failover_codes,"), (["5xx"], "this must be a mapping with")],
)
def test_mappings_of_settings(tmp_path: Path, mapping: Any, reason: str) -> None:
    ran = load(tmp_path, {SECTION: [GOOD, {"name": "Bad", "failover": mapping}]})
    assert_refused(ran, "carrier_groups[1] “Bad”.failover", reason)


def with_bad(section: str, bad: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the good group, and with the bad object in a section."""
    if section == "pbxs":
        return {SECTION: [GOOD], section: [{"host": "192.0.2.9", **bad}]}
    return {SECTION: [GOOD, bad]}


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("section", ["carrier_groups", "pbxs"])
def test_names(tmp_path: Path, name: str, section: str) -> None:
    assert_refused(load(tmp_path, with_bad(section, {"name": name})), ".name", BAD_NAMES[name])


@pytest.mark.parametrize("network", ["", *BAD_NETWORKS])
@pytest.mark.parametrize("section", ["carrier_groups", "pbxs"])
def test_source_networks(tmp_path: Path, network: str, section: str) -> None:
    ran = load(tmp_path, with_bad(section, {"name": "Bad", "sources": ["192.0.2.0/24", network]}))
    assert_refused(ran, " “Bad”: sources[1]", BAD_NETWORKS.get(network, "Enter a network"))


@pytest.mark.parametrize(
    ("typed", "field", "reason"), [*BAD_CREDENTIALS, ({"transport": "ws"}, "transport", "possible are udp, tcp, tls")]
)
def test_credentials(tmp_path: Path, typed: Typed, field: str, reason: str) -> None:
    credential = {"username": "2000", "password": PASSWORD, "registrar": "sip.bad.example", **typed}
    ran = load(tmp_path, {SECTION: [GOOD, {"name": "Bad", "credential": credential}]})
    assert_refused(ran, f"carrier_groups[1] “Bad”: credential.{field}", reason)


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_hosts_of_pbxs(tmp_path: Path, host: str) -> None:
    ran = load(tmp_path, {SECTION: [GOOD], "pbxs": [{"name": "office", "host": host}]})
    assert_refused(ran, "pbxs[0] “office”.host", BAD_HOSTS[host])


@pytest.mark.parametrize("share", BAD_SHARES)
def test_shares_of_routes(tmp_path: Path, share: str) -> None:
    groups = [{"group": "Good", "share": share}]
    ran = load(tmp_path, {SECTION: [GOOD], "outbound_routes": [{"prefix": "9", "groups": groups}]})
    assert_refused(ran, "outbound_routes[0].groups[0].share", BAD_SHARES[share])


@pytest.mark.parametrize(("typed", "field", "reason"), BAD_CONDITIONS)
def test_conditions(tmp_path: Path, typed: Typed, field: str, reason: str) -> None:
    ran = load(tmp_path, {SECTION: [GOOD], "conditions": [{"name": "nights", **typed}]})
    assert_refused(ran, f".{field}", reason)


@pytest.mark.parametrize(
    ("section", "entry", "place", "reason"),
    [
        ("conditions", {"name": "x", "pbxs": ["nobody"]}, "conditions[0] “x”.pbxs", "there is no PBX “nobody”"),
        ("conditions", {"name": "x", "pbxs": ["office", "OFFICE"]}, "conditions[0] “x”.pbxs[1]", "stands here twice"),
        ("conditions", {"name": "x", "pbxs": "office"}, "conditions[0] “x”.pbxs", "must be a list"),
        ("conditions", {"name": "x", "pbxs": [[]]}, "conditions[0] “x”.pbxs[0]", "must be the name of a PBX"),
        ("outbound_routes", {"condition": "x"}, "outbound_routes[0].condition", "there is no condition “x”"),
        ("outbound_routes", {"condition": []}, "outbound_routes[0].condition", "the name of a condition, or null"),
        (
            "outbound_routes",
            {"groups": [{"group": "Good", "condition": "x"}]},
            "outbound_routes[0].groups",
            "there is no condition “x”",
        ),
        ("inbound_routes", {"pbx": "office", "by_carrier": "x"}, "by_carrier", "must be a list"),
        ("inbound_routes", {"pbx": "office", "by_carrier": [{"group": "Good"}]}, "by_carrier[0].pbx", "is missing"),
        (
            "inbound_routes",
            {"pbx": "office", "by_carrier": [{"group": "Good", "pbx": "nobody"}]},
            "by_carrier",
            "there is no PBX “nobody”",
        ),
        (
            "inbound_routes",
            {"pbx": "office", "by_carrier": [{"group": name, "pbx": "office"} for name in ("Good", "GOOD")]},
            "by_carrier[1]",
            "stands here twice",
        ),
    ],
)
def test_what_routes_and_conditions_name(
    tmp_path: Path, section: str, entry: dict[str, Any], place: str, reason: str
) -> None:
    prefix = {} if section == "conditions" else {"prefix": "9"}
    pbxs = [{"name": "office", "host": "192.0.2.9"}]
    ran = load(tmp_path, {SECTION: [GOOD], "pbxs": pbxs, section: [{**prefix, **entry}]})
    assert_refused(ran, place, reason)


@pytest.mark.parametrize("prefix", BAD_PREFIXES)
def test_prefixes_of_routes(tmp_path: Path, prefix: str) -> None:
    ran = load(tmp_path, {SECTION: [GOOD], "outbound_routes": [{"prefix": prefix, "groups": ["Good"]}]})
    assert_refused(ran, "outbound_routes[0].prefix", BAD_PREFIXES[prefix])
    pbxs = [{"name": "office", "host": "192.0.2.9"}]
    ran = load(tmp_path, {"pbxs": pbxs, "inbound_routes": [{"prefix": prefix, "pbx": "office"}]})
    assert_refused(ran, "inbound_routes[0].prefix", BAD_PREFIXES[prefix])
