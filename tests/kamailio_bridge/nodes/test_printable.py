"""Text from carriers is shown with unprintable characters replaced."""

from __future__ import annotations

import pytest

from kamailio_bridge.nodes.node import Node
from kamailio_bridge.nodes.printable import LONGEST, make_printable
from kamailio_bridge.nodes.rpc import Rpc
from kamailio_bridge.questions.credential_probes import ask_realm
from kamailio_bridge.questions.probes import probe_endpoint
from tests.kamailio_bridge.http_node import http_node, results
from tests.kamailio_bridge.records import credential, endpoint, group

VIA = "Via: SIP/2.0/UDP 127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("reported", "shown"),
    [
        ("403 Forbidden", "403 Forbidden"),
        ("Läuft nicht", "Läuft nicht"),
        ("\x1b[2J red", "·[2J red"),
        ("a\r\nb\x00", "a··b·"),
        ("x" * (LONGEST + 1), "x" * LONGEST + "…"),
    ],
)
def test_fit_to_show(reported: str, shown: str) -> None:
    assert make_printable(reported) == shown


def test_a_probe_shows_no_escapes() -> None:
    challenge = 'WWW-Authenticate: Digest realm="a\x1b[2Jb", nonce="n"\r\n'
    with http_node(results(tm__t_uac_wait=[401, "\x1b[2J", VIA + challenge])) as server:
        node = Node("edge", Rpc(server.url, "token", timeout=5))
        sentences = [
            probe_endpoint(node, group(1), endpoint(1)).sentence,
            ask_realm(node, group(1, credential=credential(1))).sentence,
        ]
    assert "\x1b" not in "".join(sentences)
    assert "asks for the realm “a·[2Jb”" in sentences[1]
