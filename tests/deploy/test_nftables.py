"""The kernel's limit for one source, with real connections in a network namespace that the test makes."""

from __future__ import annotations

import json
import sys

from kamailio_bridge.local.kamailio_parameters import program
from tests.deploy.places import DEPLOY, ROOT
from tests.namespaces import in_namespace

RULES = DEPLOY / "nftables" / "dsiprouter.nft"
PORT = 5060
TLS_PORT = 5070
LIMIT = 100
# In the namespace: serve the port, and see how many connections each source gets.
CLIENT = """
import json, socket, sys
port, sources = int(sys.argv[1]), sys.argv[2:]
servers = [
    socket.create_server(("127.0.0.1", port), backlog=1000),
    socket.create_server(("::1", port), family=socket.AF_INET6, backlog=1000),
    socket.create_server(("127.0.0.1", port + 1), backlog=1000),
]
def connect(source, port):
    six = ":" in source
    connection = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
    connection.settimeout(0.5)
    connection.bind((source, 0))
    connection.connect(("::1" if six else "127.0.0.1", port))
    return connection
held, got = [], {}
for source in sources:
    got[source] = 0
    try:
        for _ in range(130):
            held.append(connect(source, port))
            got[source] += 1
    except TimeoutError:
        pass
held[0].sendall(b"still up")
got["first"] = servers[0].accept()[0].recv(100).decode()
got["other port"] = connect(sources[0], port + 1).getpeername()[1]
print(json.dumps(got))
"""


def nft(*arguments: str) -> str:
    return " ".join([program("nft", "nftables"), *arguments])


LOAD = nft("-D", f"SIP_PORT={PORT}", "-D", f"TLS_PORT={TLS_PORT}", "-f", str(RULES))


def connections(*sources: str, before: str = "true", port: int = PORT) -> dict[str, int | str]:
    addresses = [f"ip address add {address} dev lo" for address in ("fd00::5/64", "fd00::6/64", "fd00:0:0:1::5/64")]
    said = in_namespace(
        "net",
        "ip link set lo up",
        *addresses,
        LOAD,
        before,
        f"{sys.executable} -c '{CLIENT}' {port} {' '.join(sources)}",
    )
    return dict(json.loads(said))


def test_a_source_gets_its_connections_and_no_more_and_others_get_theirs() -> None:
    assert connections("127.0.0.5", "127.0.0.6") == {
        "127.0.0.5": LIMIT,
        "127.0.0.6": LIMIT,
        "first": "still up",
        "other port": PORT + 1,
    }


def test_the_port_for_tls_has_the_limit_too() -> None:
    assert connections("127.0.0.5", port=TLS_PORT)["127.0.0.5"] == LIMIT


def test_the_ports_of_named_sockets_have_it_too() -> None:
    named = f"DSIPROUTER_SIP_SOCKETS='carriers=127.0.0.1:{PORT + 20} tls 6001, pbxs=[::1]:6000 tls 6005'"
    limit = f"{named} DSIPROUTER_TLS_CONFIG=tls.cfg {sys.executable} {DEPLOY / 'limit-sip-sockets'}"
    assert connections("127.0.0.5", port=PORT + 20, before=limit)["127.0.0.5"] == LIMIT


def test_of_ipv6_a_64_counts_as_one_source() -> None:
    got = connections("127.0.0.5", "fd00::5", "fd00::6", "fd00:0:0:1::5")
    assert (got["fd00::5"], got["fd00::6"], got["fd00:0:0:1::5"]) == (LIMIT, 0, LIMIT)


def test_who_is_excepted_has_no_limit() -> None:
    except_it = nft("add", "element", "inet", "dsiprouter", "unlimited4", '"{ 127.0.0.4/31 }"')
    got = connections("127.0.0.5", "127.0.0.6", before=except_it)
    assert (got["127.0.0.5"], got["127.0.0.6"]) == (130, LIMIT)


def test_loading_it_again_or_taking_it_away_leaves_other_tables_alone() -> None:
    own, tables = nft("add", "table", "inet", "mine"), nft("list", "tables")
    said = in_namespace("net", own, LOAD, LOAD, tables, nft("delete", "table", "inet", "dsiprouter"), tables)
    assert said.split("\n") == ["table inet mine", "table inet dsiprouter", "table inet mine", ""]


def test_the_limit_is_kamailio_6_s_too() -> None:
    text = (ROOT / "kamailio_bridge" / "kamailio" / "kamailio.cfg").read_text(encoding="utf-8")
    assert f"#!ifndef KAMAILIO_5\ntcp_accept_iplimit={LIMIT}\n#!endif" in text
    assert RULES.read_text(encoding="utf-8").count(f"ct count over {LIMIT} }}") == 2
