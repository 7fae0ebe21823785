"""From carriers to rows, module by module: pure functions, tested without a database or a node."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from kamailio_bridge.modules import MODULES
from kamailio_bridge.modules.mtree import PREFIXES
from kamailio_bridge.rows.attrs import split_attrs
from tests.kamailio_bridge.projected import project, rows
from tests.kamailio_bridge.records import (
    carriers,
    credential,
    endpoint,
    group,
    inbound,
    outbound,
    pbx,
    sources,
)

# --- rows that carry outbound calls ---------------------------------------------------------------------------------


def test_only_rows_that_route_outbound_calls_carry_calls() -> None:
    state = carriers(
        group(8, endpoint(1), sources=sources("198.51.100.0/24"), credential=credential(1)),
        pbx(3, "192.0.2.9/32"),
        outbound(4, "9", 8),
        outbound(5, "900", refuse_code=403),
        outbound(6, "7"),
        inbound(7, "1", 3),
    )
    carrying = {
        (table.name, row.label)
        for name in MODULES
        for table, rows_of_table in project(name, state).rows.items()
        for row in rows_of_table.values()
        if table.carries_calls is not None and table.carries_calls(row.values)
    }
    assert carrying == {
        ("dispatcher", "carrier group “Carrier 8”, endpoint 203.0.113.7:5060"),
        ("mtree", "outbound route 9"),
        ("dr_rules", "outbound route 9"),
    }


# --- dispatcher ---------------------------------------------------------------------------------------------------


def test_an_endpoint_is_a_destination_in_its_groups_set() -> None:
    state = carriers(group(8, endpoint(12, strip=1)))
    assert rows("dispatcher", state) == [
        {
            "id": 12,
            "setid": 8,
            "destination": "sip:203.0.113.7:5060",
            "flags": 0,
            "priority": 10_000,
            "attrs": "gwid=12;strip=1",
            "description": "carrier-group:8",
        }
    ]


def test_the_socket_of_an_endpoint_precedes_its_groups() -> None:
    """A group's registration has the group's, in the policy of its account."""
    there = group(8, endpoint(1), endpoint(2, socket="wan"), socket="carriers", credential=credential(1))
    plain = group(9, endpoint(3), endpoint(4, socket="default"))
    state = carriers(there, plain, pbx(1, socket="pbxs", backup_addresses="192.0.2.10:5060"))
    named = {row["id"]: split_attrs(row["attrs"]).get("sockname") for row in rows("dispatcher", state)}
    assert list(named.values()) == ["carriers", "wan", None, "default", "pbxs", "pbxs"]
    policies = {row["key_name"]: row["key_value"] for row in rows("policy", state, "dsiprouter_policy")}
    assert policies["8:account"] == "socket=carriers"
    said = MODULES["dispatcher"].unread(project("dispatcher", state))
    assert said.startswith("It does not read the SIP sockets of carrier group “Carrier 8”, carrier group “Carrier 9”, ")
    assert MODULES["dispatcher"].unread(project("dispatcher", carriers(group(1, endpoint(1))))) == ""


def test_earlier_endpoints_have_higher_priorities() -> None:
    state = carriers(group(1, endpoint(5), endpoint(3, "203.0.113.8"), endpoint(4, "203.0.113.9")))
    assert {row["id"]: row["priority"] for row in rows("dispatcher", state)} == {5: 10_000, 3: 9_999, 4: 9_998}


@pytest.mark.parametrize(
    ("values", "destination", "flags"),
    [
        ({"host": "2001:db8::1"}, "sip:[2001:db8::1]:5060", 0),
        ({"host": "sip.acme.example", "port": 5070}, "sip:sip.acme.example:5070", 16),
        ({"transport": "tcp"}, "sip:203.0.113.7:5060;transport=tcp", 0),
    ],
)
def test_destinations_are_whole_sip_uris(values: dict[str, Any], destination: str, flags: int) -> None:
    (row,) = rows("dispatcher", carriers(group(1, endpoint(1, **values))))
    assert (row["destination"], row["flags"]) == (destination, flags)


def test_attributes_hold_no_empty_value() -> None:
    state = carriers(
        group(1, endpoint(1, strip=2, prefix="+1", weight=75), selection="weight", credential=credential(1)),
        group(2, endpoint(2, weight=75)),
    )
    assert [row["attrs"] for row in rows("dispatcher", state)] == [
        "gwid=1;strip=2;prefix=+1;uac=carrier-1;rweight=75",
        "gwid=2;strip=0",
    ]


def test_a_credential_that_cannot_be_read_is_still_the_groups() -> None:
    """Kamailio keeps the record it already has, and calls still use it."""
    (row,) = rows("dispatcher", carriers(group(1, endpoint(1), credential=credential(1, ha1=None))))
    assert row["attrs"].endswith(";uac=carrier-1")


@pytest.mark.parametrize("values", [{"enabled": False}, {"direction": "inbound"}])
def test_endpoints_that_we_do_not_call_have_no_row(values: dict[str, Any]) -> None:
    assert rows("dispatcher", carriers(group(1, endpoint(1, **values)))) == []


def test_disabled_groups_and_pbxs_have_no_row() -> None:
    assert rows("dispatcher", carriers(group(1, endpoint(1), enabled=False), pbx(1, enabled=False))) == []


def test_a_pbx_is_a_set_of_its_own_far_from_the_groups() -> None:
    (row,) = rows("dispatcher", carriers(pbx(3)))
    assert (row["id"], row["setid"], row["attrs"], row["description"]) == (100_000_003, 100_000_003, "pbx=3", "pbx:3")


def test_all_ids_move_with_the_base(settings: Settings) -> None:
    settings.KAMAILIO_ID_BASE = 5000
    state = carriers(group(8, endpoint(12)), pbx(3), outbound(1, "9", 8), inbound(1, "1", 3))
    assert [(row["id"], row["setid"]) for row in rows("dispatcher", state)] == [
        (5012, 5008),
        (100_005_003, 100_005_003),
    ]
    assert rows("dispatcher", state)[0]["attrs"] == "gwid=5012;strip=0"
    assert [row["tvalue"] for row in rows("mtree", state)] == ["dsiprouter:5008", "dsiprouter:", "dsiprouter:100005003"]
    assert [row["gwlist"] for row in rows("drouting", state, "dr_rules")] == ["#5008", "#100005003"]


# --- mtree --------------------------------------------------------------------------------------------------------


def test_a_route_is_an_entry_with_its_groups_in_order() -> None:
    state = carriers(group(8, endpoint(1)), group(12, endpoint(2)), outbound(4, "9", 12, 8))
    assert rows("mtree", state)[0] == {"id": 4, "tprefix": "o9", "tvalue": "dsiprouter:12;8"}


def test_a_default_route_is_the_entry_of_the_letter_alone() -> None:
    state = carriers(group(8, endpoint(1)), outbound(4, "", 8), pbx(3), inbound(4, "", 3))
    assert {row["tprefix"] for row in rows("mtree", state)} == {"o", "i", "s"}


def test_the_tree_is_never_empty() -> None:
    assert rows("mtree", carriers()) == [{"id": 200_000_000, "tprefix": "s", "tvalue": "dsiprouter:"}]


@pytest.mark.parametrize(
    "first",
    [
        group(8, endpoint(1), enabled=False),
        group(8),
        group(8, endpoint(1, enabled=False)),
        group(8, endpoint(1, direction="inbound")),
    ],
)
def test_a_route_leaves_out_groups_that_calls_cannot_go_to(first: Any) -> None:
    both = carriers(first, group(12, endpoint(2)), outbound(4, "9", 8, 12))
    assert rows("mtree", both)[0]["tvalue"] == "dsiprouter:12"
    alone = carriers(first, outbound(4, "9", 8))
    assert [row["tvalue"] for row in rows("mtree", alone) if row["tprefix"] == "o9"] == ["dsiprouter:unavailable"]
    falling = carriers(first, outbound(4, "9", 8, fall_through=True))
    assert [row["tprefix"] for row in rows("mtree", falling)] == ["s"]
    assert not rows("drouting", alone, "dr_rules") + rows("drouting", falling, "dr_rules")


def test_disabled_routes_have_no_entry() -> None:
    state = carriers(group(8, endpoint(1)), outbound(4, "9", 8, enabled=False), outbound(5, "8", enabled=False))
    assert [row["tprefix"] for row in rows("mtree", state)] == ["s"]


def test_a_route_to_a_disabled_pbx_keeps_its_calls_unless_it_falls_through() -> None:
    routes = [inbound(1, "1", 3), inbound(2, "2", 3, fall_through=True), inbound(3, "3", 3, enabled=False)]
    state = carriers(pbx(3, enabled=False), *routes)
    values = {row["tprefix"]: row["tvalue"] for row in rows("mtree", state)}
    assert values == {"s": "dsiprouter:", "i1": "dsiprouter:unavailable"}


def test_a_route_that_refuses_is_an_entry_with_code_and_reason() -> None:
    longest = "x" * 64
    state = carriers(
        group(8, endpoint(1)),
        outbound(1, "900", refuse_code=403, refuse_reason="Premium numbers: ask us"),
        outbound(2, "", refuse_code=603),
        outbound(3, "9" * 30, refuse_code=604, refuse_reason=longest),
        outbound(4, "1", 8, refuse_code=480),
    )
    values = {row["tprefix"]: row["tvalue"] for row in rows("mtree", state)}
    assert values == {
        "s": "dsiprouter:",
        "o900": "dsiprouter:refuse:403:Premium numbers: ask us",
        "o": "dsiprouter:refuse:603:Decline",
        "o" + "9" * 30: f"dsiprouter:refuse:604:{longest}",
        "o1": "dsiprouter:refuse:480:Temporarily Unavailable",
    }
    assert not any(PREFIXES.carries_calls(("", key, value)) for key, value in values.items())  # type: ignore[misc]
    (notice,) = [each for each in project("drouting", state).warnings if each.where == "drouting"]
    assert notice.text.startswith("a node that routes by drouting can't answer calls itself")


# --- permissions --------------------------------------------------------------------------------------------------


def test_sources_and_calling_endpoints_are_addresses() -> None:
    state = carriers(group(8, endpoint(1), sources=sources("198.51.100.0/24", "2001:db8::/32")), pbx(3, "192.0.2.9/32"))
    assert rows("permissions", state) == [
        {"id": 1, "grp": 8, "ip_addr": "198.51.100.0", "mask": 24, "port": 0, "tag": "carrier-8"},
        {"id": 2, "grp": 8, "ip_addr": "2001:db8::", "mask": 32, "port": 0, "tag": "carrier-8"},
        {"id": 300, "grp": 9, "ip_addr": "192.0.2.9", "mask": 32, "port": 0, "tag": "pbx-3"},
        {"id": 400_000_001, "grp": 8, "ip_addr": "203.0.113.7", "mask": 32, "port": 0, "tag": "carrier-8"},
    ]


def test_an_ipv6_endpoint_is_authorised_alone() -> None:
    (row,) = rows("permissions", carriers(group(1, endpoint(1, "2001:db8::1"))))
    assert (row["ip_addr"], row["mask"]) == ("2001:db8::1", 128)


def test_an_address_stands_once_a_group() -> None:
    state = carriers(
        group(1, endpoint(1), endpoint(2, port=5070), sources=sources("203.0.113.7/32")), group(2, endpoint(3))
    )
    assert [(row["id"], row["tag"]) for row in rows("permissions", state)] == [
        (1, "carrier-1"),
        (400_000_003, "carrier-2"),
    ]


@pytest.mark.parametrize("values", [{"enabled": False}, {"direction": "outbound"}])
def test_endpoints_that_may_not_call_have_no_address(values: dict[str, Any]) -> None:
    assert rows("permissions", carriers(group(1, endpoint(1, **values)))) == []


def test_an_endpoint_with_a_name_has_no_address() -> None:
    """The collector admits the addresses that the name leads to."""
    projection = project("permissions", carriers(group(1, endpoint(1, "sip.acme.example"))))
    assert not any(projection.rows.values())
    assert projection.warnings == []


def test_a_pbx_without_sources_is_warned_of() -> None:
    (warning,) = project("permissions", carriers(pbx(1))).warnings
    assert "may not make any" in warning.text


def test_disabled_owners_may_not_call() -> None:
    state = carriers(
        group(1, endpoint(1), enabled=False, sources=sources("198.51.100.0/24")), pbx(1, "192.0.2.9/32", enabled=False)
    )
    assert rows("permissions", state) == []


# --- htable -------------------------------------------------------------------------------------------------------


def test_only_groups_selected_by_weight_have_a_key() -> None:
    state = carriers(group(1, endpoint(1)), group(2, endpoint(2), selection="weight"), group(3, selection="weight"))
    assert rows("htable", state) == [
        {
            "id": 2,
            "key_name": "dsiprouter:set:2",
            "key_type": 0,
            "value_type": 0,
            "key_value": "weight",
            "expires": 0,
        }
    ]


# --- drouting -----------------------------------------------------------------------------------------------------


def test_the_same_carriers_for_drouting() -> None:
    state = carriers(
        group(8, endpoint(1, strip=1, prefix="00"), endpoint(2, "2001:db8::1", transport="tcp"), name="Acme"),
        group(12, endpoint(3, "backup.example"), credential=credential(1)),
        outbound(4, "9", 8),
        outbound(5, "", 8, 12),
        pbx(3),
        inbound(6, "1444", 3),
    )
    gateways = rows("drouting", state, "dr_gateways")
    assert gateways[0] == {
        "gwid": 1,
        "type": 8,
        "address": "203.0.113.7:5060",
        "strip": 1,
        "pri_prefix": "00",
        "attrs": "gwid=1",
        "description": "carrier-group:8",
    }
    assert gateways[1]["address"] == "[2001:db8::1]:5060;transport=tcp"
    assert gateways[1]["pri_prefix"] == ""
    assert gateways[2]["attrs"] == "gwid=3;uac=carrier-12"
    assert tuple(gateways[3].values()) == (100_000_003, 9, "192.0.2.9:5060", 0, "", "pbx=3", "pbx:3")
    assert [(row["id"], row["gwlist"], row["description"]) for row in rows("drouting", state, "dr_gw_lists")] == [
        (8, "1,2", "carrier-group:8"),
        (12, "3", "carrier-group:12"),
        (100_000_003, "100000003", "pbx:3"),
        (200_000_005, "1,2,3", "route:5"),
    ]
    assert [tuple(row.values()) for row in rows("drouting", state, "dr_rules")] == [
        (4, "8000", "9", "", 0, "", "#8", "route:4"),
        (5, "8000", "", "", 0, "", "#200000005", "route:5"),
        (300_000_006, "9000", "1444", "", 0, "", "#100000003", "inbound-route:6"),
    ]


def test_a_group_without_endpoints_has_no_empty_list() -> None:
    state = carriers(group(8), outbound(1, "9", 8))
    assert rows("drouting", state, "dr_gw_lists") == []
    assert rows("drouting", state, "dr_rules") == []


def test_a_long_list_is_cut_where_drouting_stops_and_warned_of(settings: Settings) -> None:
    many = [endpoint(pk, f"198.51.100.{pk}") for pk in range(1, 36)]
    projection = project("drouting", carriers(group(1, *many)))
    (gwlist,) = [
        row.values[1] for table, found in projection.rows.items() for row in found.values() if "list" in table.name
    ]
    assert str(gwlist).split(",") == [str(pk) for pk in range(1, 31)]
    assert "35 endpoints" in projection.warnings[0].text
    settings.KAMAILIO_ID_BASE = 1_000_000_000
    (row,) = rows("drouting", carriers(group(1, *many)), "dr_gw_lists")
    assert len(row["gwlist"]) <= 255
    assert all(len(key) == 10 for key in row["gwlist"].split(","))
