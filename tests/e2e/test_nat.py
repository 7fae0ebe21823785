"""Kamailio behind a 1:1 NAT: the cases of ``natted_calls.py``, where another host translates the addresses.

Three networks: outside, where the tests are, the translating host, and the private network with Kamailio. Kamailio's
traffic really passes the host, so nothing but the translation gives it the public address.
"""

from __future__ import annotations

import pytest

from kamailio_bridge.local.kamailio_parameters import program
from tests.e2e.isolated import passed_in_own_network
from tests.e2e.own_network import natted_calls
from tests.e2e.own_network.natted_calls import CARRIER, PBX, PRIVATE, PUBLIC

pytestmark = [pytest.mark.e2e, pytest.mark.wire]

OUTER, INNER = "198.51.100.254", "10.0.0.1"  # of the translating host
NEW_NETWORK = """
{name}_pid() {{ unshare --net sleep 300 >/dev/null 2>&1 & echo $!; }}
{name}=$({name}_pid)
until [ "$(readlink /proc/${name}/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
in_{name}() {{ nsenter --net=/proc/${name}/ns/net "$@"; }}
in_{name} ip link set lo up
"""


def test_calls_through_a_nat() -> None:
    """Each side knows the other by the public address only; the private one never leaves."""
    nft = program("nft", "nftables")
    hook = "{ type nat hook %s priority %d; }"
    commands = [
        NEW_NETWORK.format(name="host"),
        NEW_NETWORK.format(name="private"),
        "trap 'kill $host $private' EXIT",
        "ip link add outer type veth peer name outside netns $host",
        "in_host ip link add inner type veth peer name inside netns $private",
        "in_private ip link set inside name lan",
        f"ip address add {CARRIER}/24 dev outer; ip address add {PBX}/24 dev outer; ip link set outer up",
        f"in_host ip address add {OUTER}/24 dev outside; in_host ip link set outside up",
        f"in_host ip address add {INNER}/24 dev inner; in_host ip link set inner up",
        f"in_private ip address add {PRIVATE}/24 dev lan; in_private ip link set lan up",
        f"in_private ip route add default via {INNER}",
        # The way to the private address is for the site, which asks Kamailio by RPC.
        f"ip route add {PUBLIC}/32 via {OUTER}; ip route add {PRIVATE}/32 via {OUTER} src {CARRIER}",
        "in_host sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'",
        f"in_host {nft} add table ip nat",
        f"in_host {nft} 'add chain ip nat leaving {hook % ('postrouting', 100)}'",
        f"in_host {nft} 'add chain ip nat coming {hook % ('prerouting', -100)}'",
        f"in_host {nft} add rule ip nat leaving ip saddr {PRIVATE} snat to {PUBLIC}",
        f"in_host {nft} add rule ip nat coming ip daddr {PUBLIC} dnat to {PRIVATE}",
        "export NETWORK_OF_KAMAILIO=/proc/$private/ns/net",
    ]
    assert passed_in_own_network(natted_calls, commands=commands) == 7
