"""The row of the table address that admits a source address: pure functions of the rows."""

from __future__ import annotations

import ipaddress

import pytest

from kamailio_bridge.modules.sources.admission import Source, admitting, holds, sources_with
from kamailio_bridge.rows.types import Values

CARRIERS, PBXS, OTHERS = 8, 9, 1


def looked_at(address: str, *rows: Values) -> list[str]:
    """Return the owners of the rows that hold an address, in the order of looking; rows are ``grp, ip, mask, port``."""
    numbered = [((pk, *row, f"tag-{pk}"), f"row {pk}") for pk, row in enumerate(rows, start=1)]
    return [source.owner for source in sources_with(ipaddress.ip_address(address), numbered)]


@pytest.mark.parametrize(
    ("ip_addr", "mask", "address", "held"),
    [
        ("198.51.100.0", 24, "198.51.100.255", True),
        ("198.51.100.0", 24, "198.51.101.0", False),
        ("198.51.100.7", 24, "198.51.100.8", True),
        ("198.51.100.7", 32, "198.51.100.7", True),
        ("198.51.100.7", 32, "198.51.100.8", False),
        ("2001:db8::", 32, "2001:db8:ffff::1", True),
        ("2001:db8::", 32, "2001:db9::1", False),
        ("198.51.100.0", 24, "2001:db8::1", False),
        ("::", 1, "1.2.3.4", False),
        ("carrier.example", 32, "198.51.100.7", False),
        ("198.51.100.0", 33, "198.51.100.0", False),
    ],
)
def test_which_addresses_a_network_holds(ip_addr: str, mask: int, address: str, held: bool) -> None:
    assert holds(ip_addr, mask, ipaddress.ip_address(address)) is held


def test_single_addresses_come_before_networks_the_last_of_them_first() -> None:
    rows = [
        (CARRIERS, "198.51.100.0", 24, 0),
        (CARRIERS, "198.51.100.7", 32, 0),
        (CARRIERS, "198.51.100.0", 25, 0),
        (CARRIERS, "198.51.100.7", 32, 0),
        (CARRIERS, "192.0.2.0", 24, 0),
    ]
    assert looked_at("198.51.100.7", *rows) == ["row 4", "row 2", "row 1", "row 3"]


def test_a_mask_of_0_is_that_of_a_single_address() -> None:
    for address in ("198.51.100.7", "2001:db8::7"):
        rows = [(CARRIERS, address, 24, 0), (CARRIERS, address, 0, 0)]
        assert looked_at(address, *rows) == ["row 2", "row 1"]
    assert looked_at("198.51.100.8", (CARRIERS, "198.51.100.7", 0, 0)) == []


def test_a_source_says_what_its_row_does() -> None:
    address = ipaddress.ip_address("198.51.100.7")
    first, second = sources_with(
        address, [((1, 8, "198.51.100.7", 0, 0, None), "Acme"), ((2, 9, "198.51.100.0", 24, 5070, "x"), "office")]
    )
    assert first == Source(8, "198.51.100.7/32", 0, "", "Acme")
    assert second == Source(9, "198.51.100.0/24", 5070, "x", "office")
    assert (first.words, second.words) == (
        "198.51.100.7/32 of Acme",
        "198.51.100.0/24 of office, from port 5070 only",
    )


def source(grp: int, owner: str, port: int = 0) -> Source:
    return Source(grp, "198.51.100.0/24", port, "", owner)


@pytest.mark.parametrize(
    ("sources", "owner"),
    [
        ([source(CARRIERS, "Acme"), source(PBXS, "office"), source(PBXS, "lab")], "office"),
        ([source(CARRIERS, "Acme"), source(CARRIERS, "Backup")], "Acme"),
        ([source(OTHERS, "another tool"), source(CARRIERS, "Acme")], "Acme"),
        ([source(PBXS, "office", port=5070), source(CARRIERS, "Acme")], "Acme"),
        ([source(OTHERS, "another tool")], None),
        ([], None),
    ],
)
def test_pbxs_are_asked_before_carriers_and_rows_with_a_port_admit_nobody(
    sources: list[Source], owner: str | None
) -> None:
    found = admitting(sources)
    assert (found and found.owner) == owner
