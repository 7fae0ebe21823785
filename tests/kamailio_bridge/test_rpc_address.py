"""Addresses that the RPC may have, and those that strangers reach."""

from __future__ import annotations

import pytest

from kamailio_bridge.rpc_address import rpc_address_problem


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "10.0.0.5", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "[fd00::5]"]
)
def test_fit(address: str) -> None:
    assert rpc_address_problem(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "every address of the machine"),
        ("::", "every address of the machine"),
        ("[::]", "every address of the machine"),
        ("8.8.8.8", "not private"),
        ("2a00:1450::1", "not private"),
        ("224.0.0.1", "not private"),
        ("::ffff:8.8.8.8", "not private"),
        ("localhost", "no IP address"),
        ("", "no IP address"),
    ],
)
def test_unfit(address: str, why: str) -> None:
    assert why in rpc_address_problem(address)
