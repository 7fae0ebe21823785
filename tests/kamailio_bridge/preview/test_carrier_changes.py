"""The changes between two states of the carriers, in the operator's words."""

from __future__ import annotations

from typing import Any

import pytest

from carriers.snapshots.records import Carriers
from kamailio_bridge.preview.carrier_changes import changes_in_words
from tests.kamailio_bridge.records import HA1, carriers, credential, endpoint, group, inbound, outbound, pbx, sources

PRIMARY = endpoint(1, name="primary")
BACKUP = endpoint(2, "203.0.113.8", name="backup", transport="tcp")
ACME = group(1, PRIMARY, BACKUP, name="Acme")


def lines(before: Carriers, after: Carriers) -> list[str]:
    return [line for change in changes_in_words(before, after) for line in change.lines()]


def edits(before: Any, after: Any) -> list[str]:
    """Return what is said of one group, PBX or route that was edited, without its own name in front."""
    reported = lines(carriers(before), carriers(after))
    assert all(line.startswith("~ ") for line in reported)
    return [line.partition(": ")[2] for line in reported]


def test_nothing_is_reported_of_what_stayed() -> None:
    state = carriers(ACME, outbound(1, "9", 1), pbx(1, "192.0.2.9/32"), inbound(1, "1444", 1))
    assert changes_in_words(state, state) == []


def test_a_changed_strip_is_reported_with_group_and_endpoint() -> None:
    after = carriers(group(1, PRIMARY._replace(strip=1), BACKUP, name="Acme"))
    assert lines(carriers(ACME), after) == [
        "~ carrier group “Acme”: endpoint “primary” (203.0.113.7:5060): strip 0 -> 1"
    ]


def test_an_added_group_is_reported_with_all_that_it_has() -> None:
    added = group(
        3,
        endpoint(5, name="main", strip=1, prefix="+1", direction="outbound"),
        endpoint(6, "2001:db8::1", enabled=False),
        name="New",
        selection="weight",
        sources=sources("198.51.100.0/24"),
        credential=credential(1),
    )
    assert lines(carriers(), carriers(added)) == [
        "+ carrier group “New”: added with 2 endpoints, selected by weight",
        "    endpoint “main” (203.0.113.7:5060), strip 1, prefix +1, we call it",
        "    endpoint [2001:db8::1]:5060, disabled",
        "    source 198.51.100.0/24",
        "    credential 1000 at sip.acme.example:5060, registers",
    ]


def test_a_removed_group_is_reported() -> None:
    assert lines(carriers(group(1, PRIMARY, name="Acme")), carriers()) == [
        "- carrier group “Acme”: removed with 1 endpoint"
    ]


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"name": "Acme Ltd"}, "name “Acme” -> “Acme Ltd”"),
        ({"enabled": False}, "disabled"),
        ({"selection": "weight"}, "endpoints selected by weight instead of by position"),
        ({"sources": sources("198.51.100.0/24")}, "source 198.51.100.0/24 added"),
        ({"credential": credential(1)}, "credential added: 1000 at sip.acme.example:5060, registers"),
        ({"endpoints": (PRIMARY,)}, "endpoint “backup” (203.0.113.8:5060/tcp) removed"),
        ({"endpoints": (BACKUP, PRIMARY)}, "endpoints in the order backup, then primary"),
        (
            {"endpoints": (PRIMARY, BACKUP, endpoint(3, "gw.example", prefix="00"))},
            "endpoint gw.example:5060 added, prefix 00",
        ),
    ],
)
def test_edits_of_a_group(changes: dict[str, Any], reported: str) -> None:
    assert edits(ACME, ACME._replace(**changes)) == [reported]


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"name": "main"}, "name “primary” -> “main”"),
        ({"host": "203.0.113.70", "port": 5070}, "address 203.0.113.7:5060 -> 203.0.113.70:5070"),
        ({"transport": "tcp"}, "address 203.0.113.7:5060 -> 203.0.113.7:5060/tcp"),
        ({"prefix": "+1"}, "prefix none -> +1"),
        ({"direction": "inbound"}, "both ways -> it calls us"),
        ({"weight": 75}, "weight 50 -> 75"),
        ({"enabled": False}, "disabled"),
        ({"strip": 2, "prefix": "00"}, "strip 0 -> 2, prefix none -> 00"),
    ],
)
def test_edits_of_an_endpoint(changes: dict[str, Any], reported: str) -> None:
    after = ACME._replace(endpoints=(PRIMARY._replace(**changes), BACKUP))
    assert edits(ACME, after) == [f"endpoint “primary” (203.0.113.7:5060): {reported}"]


@pytest.mark.parametrize(
    ("changes", "reported"),
    [
        ({"ha1": "f" * 32}, ["credential: new password"]),
        ({"ha1": None}, ["credential: the password can't be decrypted any more"]),
        ({"username": "2000"}, ["credential: username 1000 -> 2000"]),
        ({"realm": "acme", "ha1": "f" * 32}, ["credential: realm sip.acme.example -> acme"]),
        ({"port": 5070}, ["credential: registration server sip.acme.example:5060 -> sip.acme.example:5070"]),
        ({"register": False, "expires": 60}, ["credential: does not register, expires 3600 -> 60"]),
        ({"pk": 77}, []),
    ],
)
def test_edits_of_a_credential(changes: dict[str, Any], reported: list[str]) -> None:
    before = ACME._replace(credential=credential(1))
    assert edits(before, before._replace(credential=credential(1)._replace(**changes))) == reported


def test_a_removed_credential_is_reported_and_no_digest_ever() -> None:
    before, after = ACME._replace(credential=credential(1)), ACME._replace(credential=credential(1, ha1="f" * 32))
    assert edits(before, ACME) == ["credential 1000 at sip.acme.example:5060, registers removed"]
    reported = lines(carriers(before), carriers(after)) + lines(carriers(), carriers(after))
    assert not any(HA1 in line or "f" * 32 in line for line in reported)


def test_routes_are_reported_by_the_names_of_their_groups() -> None:
    backup = group(2, endpoint(9), name="Backup")
    before = carriers(ACME, backup, outbound(1, "9", 1), outbound(2, "8", 2), outbound(3, "7", 1))
    after = carriers(ACME, backup, outbound(1, "9", 1, 2), outbound(2, "88", 2, enabled=False), outbound(4, "", 2))
    assert lines(before, after) == [
        "+ outbound default route: added: Backup",
        "- outbound route 7: removed; it went to Acme",
        "~ outbound route 88: prefix 8 -> 88",
        "~ outbound route 88: disabled",
        "~ outbound route 9: Acme, then Backup (before: Acme)",
    ]


def test_a_route_whose_group_was_deleted_says_what_it_went_to() -> None:
    before, after = carriers(ACME, outbound(1, "9", 1)), carriers(outbound(1, "9"))
    assert lines(before, after)[1:] == ["~ outbound route 9: no carrier group (before: Acme)"]


def test_routes_that_refuse_and_that_fall_through() -> None:
    before = carriers(ACME, outbound(1, "9", 1), outbound(2, "8", refuse_code=403), outbound(3, "7", refuse_code=603))
    after = carriers(
        ACME,
        outbound(1, "9", refuse_code=403, refuse_reason="Not here"),
        outbound(2, "8", 1, fall_through=True),
        outbound(4, "6", refuse_code=480),
        outbound(5, "5", 1, fall_through=True),
    )
    falls = "falls through to a shorter prefix when no carrier can take its calls"
    assert lines(before, after) == [
        f"+ outbound route 5: added: Acme, {falls}",
        "+ outbound route 6: added: refuses its calls with 480 Temporarily Unavailable",
        "- outbound route 7: removed; it refused its calls",
        "~ outbound route 8: Acme (before: refuses its calls with 403 Forbidden)",
        f"~ outbound route 8: {falls}",
        "~ outbound route 9: refuses its calls with 403 Not here (before: Acme)",
    ]
    assert "~ outbound route 8: answers 503 when no carrier can take its calls" in lines(after, before)


def test_groups_of_a_route_that_refuses_its_calls_are_named_as_such() -> None:
    backup = group(2, endpoint(9), name="Backup")
    before = carriers(ACME, backup, outbound(1, "9", 1, refuse_code=403))
    after = carriers(ACME, backup, outbound(1, "9", 1, 2, refuse_code=403))
    assert lines(before, after) == ["~ outbound route 9: carrier groups Acme, then Backup (before: Acme)"]


def test_a_new_endpoint_and_a_new_credential_are_reported_with_all_that_is_unusual() -> None:
    account = credential(1, auth_username="digest", realm="acme", expires=60, register=False)
    added = group(1, endpoint(5, weight=75), credential=account, enabled=False)
    assert lines(carriers(), carriers(added)) == [
        "+ carrier group “Carrier 1”: added with 1 endpoint, disabled",
        "    endpoint 203.0.113.7:5060, weight 75",
        "    credential 1000 at sip.acme.example:5060, does not register, auth username digest, realm acme, expires 60",
    ]


def test_inbound_routes_that_fall_through() -> None:
    office = pbx(1)
    keeps, falls = inbound(1, "1444", 1), inbound(1, "1444", 1, fall_through=True)
    reported = "falls through to a shorter prefix when its PBX is disabled"
    assert lines(carriers(office, keeps), carriers(office, falls)) == [f"~ inbound route 1444: {reported}"]
    assert lines(carriers(office, falls), carriers(office, keeps)) == [
        "~ inbound route 1444: answers 503 when its PBX is disabled"
    ]
    assert lines(carriers(office), carriers(office, falls)) == [
        f"+ inbound route 1444: added: PBX “PBX 1”, {reported}",
    ]


def test_pbxs_and_inbound_routes() -> None:
    before = carriers(pbx(1, "192.0.2.9/32", name="office"), pbx(2, name="shop"), inbound(1, "1444", 1))
    after = carriers(
        pbx(1, "192.0.2.10/32", name="office", port=5070),
        pbx(3, "192.0.2.30/32", name="new"),
        inbound(1, "1444", 3),
        inbound(2, "", 1),
    )
    assert lines(before, after) == [
        "+ PBX “new”: added at 192.0.2.9:5060",
        "    source 192.0.2.30/32",
        "~ PBX “office”: address 192.0.2.9:5060 -> 192.0.2.9:5070",
        "~ PBX “office”: source 192.0.2.10/32 added",
        "~ PBX “office”: source 192.0.2.9/32 removed",
        "- PBX “shop”: removed",
        "+ inbound route for every other number: added: PBX “office”",
        "~ inbound route 1444: PBX “new” (before: PBX “office”)",
    ]


def test_objects_stand_in_the_order_of_their_names() -> None:
    after = carriers(group(1, name="zeta"), group(2, name="Alpha"), group(3, name="beta"))
    assert [change.subject for change in changes_in_words(carriers(), after)] == [
        "carrier group “Alpha”",
        "carrier group “beta”",
        "carrier group “zeta”",
    ]
