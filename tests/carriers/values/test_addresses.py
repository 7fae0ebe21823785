"""Addresses as typed, taken apart or refused with a sentence that names the wrong part."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from carriers.values.addresses import (
    SipAddress,
    as_ipv4,
    clean_host,
    clean_network,
    clean_port,
    clean_transport,
    host_ip,
    is_ipv4,
    parse_ip,
    parse_sip_address,
    uri_host,
)
from tests.input import BAD_HOSTS, BAD_NETWORKS, GOOD_HOSTS


@pytest.mark.parametrize("text", BAD_HOSTS)
def test_bad_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=BAD_HOSTS[text]):
        parse_sip_address(text)


@pytest.mark.parametrize("text", GOOD_HOSTS)
def test_good_addresses_are_taken_apart(text: str) -> None:
    host, port, transport = GOOD_HOSTS[text]
    found = parse_sip_address(text)
    assert (found.host, found.port or 5060, found.transport or "udp") == (host, port, transport)


def test_what_the_text_does_not_say_is_none() -> None:
    assert parse_sip_address("gw.example") == SipAddress("gw.example", None, None)
    assert parse_sip_address("gw.example:5060") == SipAddress("gw.example", 5060, None)
    assert parse_sip_address("gw.example;transport=udp") == SipAddress("gw.example", None, "udp")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" 203.0.113.7 ", "203.0.113.7"),
        ("2001:0DB8:0:0::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("0000:0:0:0:0:FFFF:203.0.113.7", "203.0.113.7"),
        ("::203.0.113.7", "203.0.113.7"),
        ("::1:2", "::1:2"),
        ("::ffff:0:203.0.113.7", "::ffff:0:cb00:7107"),
        ("64:ff9b::203.0.113.7", "64:ff9b::cb00:7107"),
        ("SIP.Acme.Example.", "sip.acme.example"),
        ("xn--mller-kva.example", "xn--mller-kva.example"),
        ("localhost", "localhost"),
        ("9.example", "9.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_hosts_have_one_clean_form(text: str, clean: str) -> None:
    assert clean_host(text) == clean
    assert clean_host(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.300",
        "1.2.3.4.5",
        "01.2.3.4",
        "255.255.255.255",
        "ff02::1",
        "::",
        "1:2",
        "a" * 64 + ".example",
        "a..example",
        "a_b.example",
        "müller.example",
        "a\nb",
        ".",
        "a.example/24",
        "'--",
    ],
)
def test_hosts_that_kamailio_would_take_for_something_else(text: str) -> None:
    with pytest.raises(ValidationError):
        clean_host(text)


@given(st.ip_addresses())
def test_every_address_of_a_single_host_survives_in_brackets_and_with_a_port(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    plain = as_ipv4(address)
    if plain.is_unspecified or plain.is_multicast or str(plain) == "255.255.255.255":
        return
    host = str(address)
    assert parse_sip_address(f"sip:{uri_host(host)}:5070;transport=tcp") == SipAddress(str(plain), 5070, "tcp")
    assert host_ip(host) == plain


@given(st.text(max_size=40))
def test_whatever_is_typed_is_split_or_refused(text: str) -> None:
    for clean in (parse_sip_address, clean_host, clean_network, clean_port, clean_transport):
        with suppress(ValidationError):
            assert clean(text)


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9.:\[\]-]{1,30}", fullmatch=True))
def test_a_clean_host_is_clean(text: str) -> None:
    try:
        host = clean_host(text)
    except ValidationError:
        return
    assert clean_host(host) == host
    assert parse_sip_address(uri_host(host)) == SipAddress(host, None, None)


@given(st.ip_addresses().map(str) | st.text(max_size=20) | st.from_regex(r"[0-9.]{1,16}", fullmatch=True))
def test_the_quick_look_at_a_host_sees_the_same(text: str) -> None:
    address = host_ip(text)
    assert is_ipv4(text) == (isinstance(address, ipaddress.IPv4Address) and str(address) == text)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "5060.0", "٥٠٦٠", "", " ", "5" * 5000])
def test_bad_ports_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is not a port: enter a number from 1 to 65535"):
        clean_port(text)


@pytest.mark.parametrize(("text", "port"), [("1", 1), ("65535", 65535), ("05060", 5060), (5070, 5070)])
def test_good_ports(text: str | int, port: int) -> None:
    assert clean_port(text) == port


def test_a_host_name_has_no_ip_address() -> None:
    assert host_ip("gw.example") is None
    assert uri_host("gw.example") == "gw.example"
    assert uri_host("2001:db8::1") == "[2001:db8::1]"


@pytest.mark.parametrize("text", ["", "  ", *BAD_NETWORKS])
def test_bad_networks_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=BAD_NETWORKS.get(text[:200], "").partition("|")[0] or "network"):
        clean_network(text)


@pytest.mark.parametrize("text", ["fe80::1%eth0", "fe80::%eth0/64", "::/0", "1.2.3.4/-1", "1.2.3/24", "127.0.0.300/32"])
def test_networks_that_kamailio_would_take_for_others(text: str) -> None:
    with pytest.raises(ValidationError):
        clean_network(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" 198.51.100.0/24 ", "198.51.100.0/24"),
        ("198.51.100.7", "198.51.100.7/32"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("2001:db8:0::/32", "2001:db8::/32"),
        ("198.51.100.0/024", "198.51.100.0/24"),
    ],
)
def test_networks_have_one_clean_form(text: str, clean: str) -> None:
    assert clean_network(text) == clean


@pytest.mark.parametrize("refuse", [parse_sip_address, clean_host, clean_network])
def test_a_percent_sign_in_a_text_does_no_harm(refuse: Callable[[str], object]) -> None:
    with pytest.raises(ValidationError) as refusal:
        refuse("%(text)s %d %")
    assert all(refusal.value.messages)


def test_the_address_of_a_web_page_is_refused_for_its_scheme() -> None:
    with pytest.raises(ValidationError, match="without “https://”"):
        parse_sip_address("https://portal.acme.example")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:cb00:7107/128", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("0:0:0:0:0:FFFF:cb00:7100/120", "203.0.113.0/24"),
        ("::203.0.113.0/120", "203.0.113.0/24"),
        ("::/96", "::/96"),
        ("::1", "::1/128"),
    ],
)
def test_networks_of_ipv4_addresses_written_as_ipv6(text: str, clean: str) -> None:
    assert clean_network(text) == clean
    assert clean_network(clean) == clean


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("::ffff:0:0/96", "A network of /0 would let everybody in"),
        ("::ffff:203.0.113.7/120", "203.0.113.7 is a host inside 203.0.113.0/24: enter 203.0.113.0/24"),
        (
            "::ffff:203.0.113.0/24",
            "an IPv4 address written as IPv6, where a mask has 96 bits at least: enter 203.0.113.0",
        ),
    ],
)
def test_networks_of_mapped_addresses_that_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(why)):
        clean_network(text)


def test_an_address_that_is_asked_for_is_ipv4_too() -> None:
    assert str(host_ip("::ffff:203.0.113.7")) == "203.0.113.7"
    assert str(parse_ip("::ffff:cb00:7107")) == "203.0.113.7"
