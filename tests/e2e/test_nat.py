"""Kamailio behind a 1:1 NAT: the cases of ``natted_calls.py``, where the kernel translates the addresses."""

from __future__ import annotations

import pytest

from kamailio_bridge.local.kamailio_parameters import program
from tests.e2e.isolated import passed_in_own_network
from tests.e2e.own_network import natted_calls
from tests.e2e.own_network.natted_calls import CARRIER, PBX, PRIVATE, PUBLIC

pytestmark = [pytest.mark.e2e, pytest.mark.wire]


def test_calls_through_a_nat() -> None:
    """Each side knows the other by the public address only; the private one never leaves."""
    nft = program("nft", "nftables")
    hook = "{ type nat hook %s priority %d; }"
    commands = [
        *(f"ip address add {address}/32 dev lo" for address in (PRIVATE, CARRIER, PBX)),
        f"ip route add {PUBLIC}/32 dev lo",
        f"{nft} add table ip nat",
        f"{nft} 'add chain ip nat leaving {hook % ('postrouting', 100)}'",
        f"{nft} 'add chain ip nat coming {hook % ('output', -100)}'",
        f"{nft} add rule ip nat leaving ip saddr {PRIVATE} ip daddr 198.51.100.0/24 snat to {PUBLIC}",
        f"{nft} add rule ip nat coming ip daddr {PUBLIC} dnat to {PRIVATE}",
    ]
    assert passed_in_own_network(natted_calls, commands=commands) == 6
