"""Named sockets: how the setting is read, what is refused, what Kamailio is told, and the rule of a plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from kamailio_bridge.checks import check_sip_sockets
from kamailio_bridge.nodes.sockets.node_sockets import NodeSocket, find_socket
from kamailio_bridge.nodes.sockets.sip_sockets import (
    DefaultSocket,
    SipSocket,
    parse_sip_sockets,
    sip_sockets_file,
    sip_sockets_problem,
    socket_names,
    tcp_ports,
)
from kamailio_bridge.plan.sockets import socket_problems
from tests.deploy.places import DEPLOY, run
from tests.kamailio_bridge.records import carriers, credential, endpoint, group, pbx

OURS = DefaultSocket("127.0.0.1", 5060, "::1", 5061, 5062)
TWO = "carriers=127.0.0.7:5060 advertise 203.0.113.9:5070 tls 5065, carriers=[::1]:5090 ,pbxs=127.0.0.8"


def test_reading() -> None:
    assert parse_sip_sockets(TWO) == [
        SipSocket("carriers", "127.0.0.7", 5060, "203.0.113.9", 5070, 5065),
        SipSocket("carriers", "::1", 5090),
        SipSocket("pbxs", "127.0.0.8", 5060),
    ]
    assert [parse_sip_sockets(""), socket_names(TWO), socket_names("x")] == [[], ["carriers", "pbxs"], []]
    assert sip_sockets_problem(TWO, OURS) == ""
    assert tcp_ports(TWO, OURS) == [5060, 5061, 5065, 5090, 5091]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("carriers", "“carriers” can't be read: write name=address:port"),
        ("carriers=", "“carriers=” can't be read"),
        ("carriers=127.0.0.7:5060 as 203.0.113.9", "can't be read"),
        ("carriers=127.0.0.7:sip", "can't be read"),
        ("Carriers=127.0.0.7:5070", "“Carriers” is no name of a socket"),
        ('a"b=127.0.0.7:5070', "is no name of a socket"),
        (f"{'x' * 17}=127.0.0.7:5070", "is no name of a socket"),
        ("default=127.0.0.7:5070", "default is the socket of DSIPROUTER_SIP_ADDRESS"),
        ("carriers=0.0.0.0:5070", "carriers: 0.0.0.0 means every address of the machine"),
        ("carriers=sip.example:5070", "carriers: “sip.example” is no IP address"),
        ("carriers=::1", "carriers: ::1 is an IPv6 address: write it in brackets, [::1]"),
        ("carriers=192.0.2.1:5070", "carriers: 192.0.2.1 is no address of this machine"),
        ("carriers=127.0.0.7:70000", "carriers: 70000 is no port"),
        ("carriers=127.0.0.7:0", "carriers: 0 is no port"),
        ("carriers=[::1]:5070 advertise 203.0.113.9", "an IPv6 address needs no NAT"),
        ("carriers=127.0.0.7:5070 advertise [2001:db8::1]", "advertise an IPv4 address or a host name"),
        ("carriers=127.0.0.1:5060", "carriers has 127.0.0.1:5060, as the default socket does"),
        ("carriers=[::1]:5059", "carriers has [::1]:5060, as the default socket does"),
        ("carriers=127.0.0.1:5070 tls 5070", "carriers has 127.0.0.1:5070, as carriers does"),
        ("carriers=127.0.0.7:5062", "carriers has port 5062, which is DSIPROUTER_RPC_PORT"),
        ("a=127.0.0.7:5070, b=127.0.0.7:5070", "b has 127.0.0.7:5070, as a does"),
        ("a=127.0.0.7:5070, b=127.0.0.7:5071", "b has 127.0.0.7:5071, as a does"),
        ("a=127.0.0.7:5070, a=127.0.0.8:5070", "a has two IPv4 addresses"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    problem = sip_sockets_problem(text, OURS)
    assert problem.startswith("DSIPROUTER_SIP_SOCKETS: ")
    assert why in problem


def test_the_check_and_the_start_say_so(settings: Settings, tmp_path: Path) -> None:
    settings.DSIPROUTER_SIP_SOCKETS = "carriers"
    assert [message.id for message in check_sip_sockets()] == ["kamailio_bridge.E009"]
    settings.DSIPROUTER_SIP_SOCKETS = "carriers=203.0.113.7:5060"
    assert check_sip_sockets() == [], "the site may run on another machine"
    wrong = {**os.environ, "DSIPROUTER_SIP_SOCKETS": "carriers=203.0.113.7:5060"}
    for program in ("check-sip-address", "write-sip-sockets"):
        said = run([DEPLOY / program], status=1, cwd=tmp_path, env=wrong)
        assert said.startswith("DSIPROUTER_SIP_SOCKETS: carriers: 203.0.113.7 is no address of this machine")
    assert list(tmp_path.iterdir()) == []
    right = {**wrong, "DSIPROUTER_SIP_SOCKETS": TWO, "DSIPROUTER_SIP_IPV6_ADDRESS": "[::1]"}
    assert run([DEPLOY / "write-sip-sockets"], cwd=tmp_path, env=right) == ""
    assert (tmp_path / "sip_sockets.cfg").read_text(encoding="utf-8") == sip_sockets_file(parse_sip_sockets(TWO), OURS)


def test_what_kamailio_is_told() -> None:
    lines = sip_sockets_file(parse_sip_sockets(TWO), OURS).splitlines()
    assert [line for line in lines if line.startswith("listen=")] == [
        'listen=udp:127.0.0.7:5060 advertise 203.0.113.9:5070 name "carriers"',
        'listen=tcp:127.0.0.7:5060 advertise 203.0.113.9:5070 name "carriers.tcp"',
        'listen=tls:127.0.0.7:5065 advertise 203.0.113.9:5065 name "carriers.tls"',
        'listen=udp:[::1]:5090 name "carriers.6"',
        'listen=tcp:[::1]:5090 name "carriers.tcp6"',
        'listen=tls:[::1]:5091 name "carriers.tls6"',
        'listen=udp:127.0.0.8:5060 name "pbxs"',
        'listen=tcp:127.0.0.8:5060 name "pbxs.tcp"',
        'listen=tls:127.0.0.8:5061 name "pbxs.tls"',
    ]
    assert lines[-3:-1] == [
        '#!define SOCKETS_OF_IPV4 ",default,carriers,pbxs,"',
        '#!define SOCKETS_OF_IPV6 ",default,carriers,"',
    ]
    assert "carriers=203.0.113.9:5070;carriers.tls=203.0.113.9:5065;carriers.6=[::1]:5090;" in lines[-1]


def node_socket(name: str, address: str) -> NodeSocket:
    return NodeSocket(name, "udp", address, 5060, "")


def test_a_node_without_a_socket_that_is_in_use() -> None:
    """The object is named, once for each node; what is not in use, or at a node that did not answer, is no problem."""
    used = carriers(
        group(1, endpoint(1), endpoint(2), socket="carriers"),
        group(2, endpoint(3, host="2001:db8::3", socket="carriers")),
        group(3, credential=credential(3), socket="other"),
        group(4, endpoint(5), socket="unused", enabled=False),
        pbx(1, socket="pbxs"),
    )
    full = [node_socket("default", "127.0.0.1"), node_socket("carriers", "127.0.0.2"), node_socket("carriers", "::1")]
    full += [node_socket("other", "127.0.0.3"), node_socket("pbxs", "127.0.0.4")]
    assert socket_problems(used, {}) == []
    assert socket_problems(used, {"a": full}) == []
    found = socket_problems(used, {"a": full, "b": full[:2]})
    assert [notice.where for notice in found] == [
        "carrier group “Carrier 2”, endpoint [2001:db8::3]:5060",
        "carrier group “Carrier 3”",
        "PBX “PBX 1”",
    ]
    assert "has an IPv6 address, and the socket “carriers” of node b has none" in found[0].text
    assert "because node b has no socket “other”: add it to DSIPROUTER_SIP_SOCKETS" in found[1].text


def test_which_socket_a_test_leaves_by() -> None:
    sockets = [node_socket("carriers", "127.0.0.2"), node_socket("carriers", "::1"), node_socket("six", "::2")]
    assert find_socket(sockets, "carriers", "udp", "2001:db8::1") == sockets[1]
    assert find_socket(sockets, "carriers", "udp", "gw.example") == sockets[0]
    assert find_socket(sockets, "six", "udp", "gw.example") == sockets[2]
    assert find_socket(sockets, "carriers", "tls", "gw.example") is None
    assert sockets[1].written == "udp:[::1]:5060"
