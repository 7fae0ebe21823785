"""Addresses that the RPC may have, and those that strangers reach."""

from __future__ import annotations

import pytest

from kamailio_bridge.nodes.rpc_address import forbidden_range, rpc_address_problem


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


METADATA_SERVER = (
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "169.16689662",
    "169.254.169.254.",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
)


@pytest.mark.parametrize("host", METADATA_SERVER)
def test_every_spelling_of_the_metadata_server_is_link_local(host: str) -> None:
    assert "link-local" in forbidden_range(host)
    assert "no Kamailio answers there" in rpc_address_problem(f"[{host}]" if ":" in host else host)


@pytest.mark.parametrize(
    "host",
    ["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254", "::ffff:100.100.100.200"],
)
def test_metadata_servers_outside_of_the_link_local_range(host: str) -> None:
    assert "is where a cloud serves its metadata" in forbidden_range(host)


@pytest.mark.parametrize("host", ["fe80::1", "fe80::1%lo", "febf::1", "169.254.0.1"])
def test_link_local(host: str) -> None:
    assert forbidden_range(host) == f"{host} is link-local"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "10.0.0.5", "fd00::5", "100.64.0.1", "kamailio.example", "", "a..b"]
)
def test_others_are_not_forbidden(host: str) -> None:
    assert forbidden_range(host) == ""
