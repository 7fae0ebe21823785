"""Where Kamailio may speak SIP: at addresses that carriers can be told, and at no others."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from kamailio_bridge.checks import check_sip_addresses
from kamailio_bridge.local.kamailio_parameters import NodeNotStarted, parameters_from_settings
from kamailio_bridge.nodes.sip_address import not_bracketed, not_ours, sip_address_problem, sip_ipv6_address_problem


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.5", "10.0.0.5", "2001:db8::1", "[2001:db8::1]", "::1"])
def test_single_addresses(address: str) -> None:
    assert sip_address_problem(address) == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "means every address of the machine"),
        ("::", "means every address of the machine"),
        ("[::]", "means every address of the machine"),
        ("0:0::0", "means every address of the machine"),
        ("::ffff:0.0.0.0", "means every address of the machine"),
        ("::ffff:203.0.113.5", "set 203.0.113.5"),
        ("", "is no IP address"),
        ("0", "is no IP address"),
        ("sip.example.com", "is no IP address"),
        ("203.0.113.5:5060", "is no IP address"),
        ("udp:203.0.113.5", "is no IP address"),
        ("224.0.0.1", "is not the address of a single machine"),
        ("ff02::1", "is not the address of a single machine"),
        ("255.255.255.255", "is not the address of a single machine"),
        ("fe80::1%eth0", "has a zone"),
    ],
)
def test_what_carriers_cannot_be_told(address: str, why: str) -> None:
    assert why in sip_address_problem(address)


@pytest.mark.parametrize(("address", "why"), [("127.0.0.1", "is no IPv6 address"), ("name", "is no IPv6 address")])
def test_the_second_address_is_one_of_ipv6(address: str, why: str) -> None:
    assert why in sip_ipv6_address_problem(address)
    assert sip_ipv6_address_problem("") == ""
    assert sip_ipv6_address_problem("[2001:db8::1]") == ""


def test_brackets_and_foreign_addresses() -> None:
    assert not_bracketed("2001:db8::1").endswith("write it in brackets, [2001:db8::1].")
    assert [not_bracketed("[2001:db8::1]"), not_bracketed("203.0.113.5")] == ["", ""]
    assert "is no address of this machine" in not_ours("192.0.2.1")
    assert [not_ours("127.0.0.1"), not_ours("[::1]")] == ["", ""]


def test_the_check_and_the_start_say_which_setting(settings: Settings) -> None:
    settings.DSIPROUTER_SIP_ADDRESS = "0.0.0.0"
    settings.DSIPROUTER_SIP_IPV6_ADDRESS = "::"
    reported = [str(message.msg) for message in check_sip_addresses()]
    assert [sentence.partition(":")[0] for sentence in reported] == [
        "DSIPROUTER_SIP_ADDRESS",
        "DSIPROUTER_SIP_IPV6_ADDRESS",
    ]
    with pytest.raises(NodeNotStarted, match=r"DSIPROUTER_SIP_ADDRESS: 0\.0\.0\.0 means every address.*_IPV6_ADDRESS"):
        parameters_from_settings()
    settings.DSIPROUTER_SIP_ADDRESS, settings.DSIPROUTER_SIP_IPV6_ADDRESS = "192.0.2.1", ""
    assert check_sip_addresses() == []  # a site need not be where its Kamailio is
    with pytest.raises(NodeNotStarted, match=r"192\.0\.2\.1 is no address of this machine"):
        parameters_from_settings()


def test_a_local_kamailio_listens_at_the_second_address(settings: Settings) -> None:
    settings.DSIPROUTER_SIP_IPV6_ADDRESS = "::1"
    parameters = parameters_from_settings()
    assert parameters.variables()["DSIPROUTER_SIP_IPV6_ADDRESS"] == "[::1]"
    assert [(port.protocol, port.address) for port in parameters.ports() if port.address == "::1"] == [
        ("UDP", "::1"),
        ("TCP", "::1"),
    ]
    settings.DSIPROUTER_SIP_IPV6_ADDRESS = ""
    assert "DSIPROUTER_SIP_IPV6_ADDRESS" not in parameters_from_settings().variables()
