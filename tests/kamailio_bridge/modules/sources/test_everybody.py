"""Warnings of sources that together admit everybody name their owners."""

from __future__ import annotations

import pytest

from kamailio_bridge.modules.permissions import PermissionsModule
from kamailio_bridge.modules.sources.address_table import ADDRESSES
from kamailio_bridge.modules.sources.everybody import everybody_warnings
from kamailio_bridge.plan.rules import warnings as rules_warnings
from tests.kamailio_bridge.records import carriers, endpoint, group, pbx, sources

QUARTERS = ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")


def warnings(*things: object, tag: str | None = None) -> list[str]:
    rows = PermissionsModule().project(carriers(*things), ()).rows[ADDRESSES].values()
    return [str(notice) for notice in everybody_warnings(rows, tag)]


@pytest.mark.parametrize(
    ("networks", "reported"),
    [
        (("0.0.0.0/1", "128.0.0.0/1"), "admit everybody: 0.0.0.0/1, 128.0.0.0/1 are all IPv4 addresses."),
        (QUARTERS, "admit everybody: 0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/2, 192.0.0.0/2 are all IPv4 addresses."),
        (("0.0.0.0/1",), "admit nearly everybody: 0.0.0.0/1 is 50% of all IPv4 addresses."),
        (QUARTERS[:3], "admit nearly everybody: 0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/2 are 75% of all IPv4 addresses."),
        (("2000::/3",), "admit everybody: 2000::/3 is all IPv6 addresses."),
        (("::/1",), "admit everybody: ::/1 is all IPv6 addresses."),
        (("2000::/4", "3000::/4"), "admit everybody: 2000::/4, 3000::/4 are all IPv6 addresses."),
    ],
)
def test_one_owner(networks: tuple[str, ...], reported: str) -> None:
    assert warnings(group(1, name="Acme", sources=sources(*networks))) == [
        f"carrier group “Acme”: its sources {reported}"
    ]
    assert warnings(pbx(1, *networks, name="office")) == [f"PBX “office”: its sources {reported}"]


def test_all_owners_together() -> None:
    acme = group(1, endpoint(1, "203.0.113.7"), name="Acme", sources=sources("0.0.0.0/2"))
    office = pbx(2, "64.0.0.0/2", name="office")
    last = group(3, name="Last", sources=sources("198.51.100.0/24", first=9))
    reported = (
        "Source networks: together admit nearly everybody: 0.0.0.0/2 of carrier group “Acme”, 64.0.0.0/2 of PBX"
        " “office”, 198.51.100.0/24 of carrier group “Last” are 50% of all IPv4 addresses."
    )
    assert warnings(acme, office, last) == [reported]
    assert warnings(acme, office, last, tag="carrier-1") == [reported]
    assert warnings(acme, office, tag="carrier-3") == []


def test_many_small_owners_together() -> None:
    owners = [group(key, sources=sources(f"{key}.0.0.0/8", first=1000 * key)) for key in range(1, 140)]
    (warning,) = warnings(*owners)
    assert warning.startswith("Source networks: together admit nearly everybody: 1.0.0.0/8 of carrier group")
    assert warning.endswith("and 134 more are 54% of all IPv4 addresses.")


def test_who_is_disabled_lets_nobody_in() -> None:
    assert warnings(group(1, enabled=False, sources=sources("0.0.0.0/1", "128.0.0.0/1"))) == []


def test_overlaps_count_once_and_ordinary_networks_are_no_matter() -> None:
    wide = sources("10.0.0.0/8", "0.0.0.0/2", "0.0.0.0/3", "32.0.0.0/3", "16.0.0.0/4", "fc00::/7", "2001:db8::/32")
    assert warnings(group(1, endpoint(1), sources=wide)) == []


def test_the_plan_says_it() -> None:
    state = carriers(group(1, name="Acme", sources=sources("0.0.0.0/1", "128.0.0.0/1")))
    reported = [*rules_warnings(state), *PermissionsModule().project(state, ()).warnings]
    assert any("admit everybody" in str(notice) for notice in reported)
