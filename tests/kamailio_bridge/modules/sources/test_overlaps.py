"""Warnings of networks with two owners name the owner to whom a request counts."""

from __future__ import annotations

from kamailio_bridge.modules.permissions import PermissionsModule
from kamailio_bridge.modules.sources.address_table import ADDRESSES
from kamailio_bridge.modules.sources.overlaps import SHOWN_OVERLAPS, overlap_warnings
from tests.kamailio_bridge.records import carriers, endpoint, group, pbx, sources


def warnings(*things: object, tag: str | None = None) -> list[str]:
    rows = PermissionsModule().project(carriers(*things), ()).rows[ADDRESSES].values()
    return [str(notice) for notice in overlap_warnings(rows, tag)]


def test_nothing_in_common_is_no_warning() -> None:
    acme = group(1, endpoint(1, "198.51.100.7"), sources=sources("198.51.100.0/24", "2001:db8::/32"))
    assert warnings(acme, pbx(1, "192.0.2.9/32", "2001:db9::/32")) == []


def test_a_pbx_wins_over_carriers_whatever_the_width() -> None:
    acme = group(1, name="Acme", sources=sources("198.51.100.7/32"))
    (warning,) = warnings(acme, pbx(2, "198.51.100.0/24", name="office"))
    assert warning == (
        "carrier group “Acme”: 198.51.100.7/32 overlaps with 198.51.100.0/24 of PBX “office”: a request from there"
        " counts as coming from PBX “office”."
    )


def test_of_two_carriers_the_order_decides() -> None:
    first = group(1, name="First", sources=sources("198.51.100.0/24", first=1))
    second = group(2, name="Second", sources=sources("198.51.100.0/25", first=2))
    (warning,) = warnings(first, second)
    assert warning.startswith(
        "carrier group “Second”: 198.51.100.0/25 overlaps with 198.51.100.0/24 of carrier group “First”"
    )
    assert warning.endswith("counts as coming from carrier group “First”.")
    same = (group(1, endpoint(11, "203.0.113.7"), name="A"), group(2, endpoint(12, "203.0.113.7"), name="B"))
    (warning,) = warnings(*same)
    assert warning.endswith("counts as coming from carrier group “B”, endpoint 203.0.113.7:5060.")


def test_only_those_of_one_owner_where_that_is_asked() -> None:
    things = (
        group(1, name="Acme", sources=sources("198.51.100.0/24")),
        group(2, name="Backup", sources=sources("198.51.100.0/25", first=2)),
        pbx(3, "192.0.2.0/24"),
    )
    assert len(warnings(*things, tag="carrier-1")) == 1
    assert len(warnings(*things, tag="carrier-2")) == 1
    assert warnings(*things, tag="pbx-3") == []


def test_ipv6_and_many() -> None:
    first = group(1, sources=sources("2001:db8::/32"))
    many = sources(*(f"2001:db8:{number:x}::/48" for number in range(1, 31)), first=100)
    reported = warnings(first, group(2, sources=many))
    assert len(reported) == SHOWN_OVERLAPS + 1
    assert reported[-1] == "Source networks: 10 more belong to two owners; manage.py who_is ADDRESS names them."


def test_the_plan_says_it() -> None:
    acme, office = group(1, name="Acme", sources=sources("198.51.100.7/32")), pbx(2, "198.51.100.0/24", name="office")
    reported = map(str, PermissionsModule().project(carriers(acme, office), ()).warnings)
    assert any("198.51.100.7/32 overlaps with 198.51.100.0/24 of PBX “office”" in notice for notice in reported)
