"""Calls over TLS to a name. ``test_tls.py`` runs this file in a network of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.own_network.named_calls import NAME_SERVER
from tests.e2e.scene import scene_on_own_node, to
from tests.e2e.sip.name_server import NameServer
from tests.e2e.sip.tls import Authority, Relay, server_side
from tests.mariadb import free_port

pytestmark = [pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)]

NAME = "sip.carrier.example"


@pytest.mark.parametrize(
    ("certified", "code"),
    [
        ([NAME], 200),
        (["other.example", "third.example", NAME], 200),
        (["other.example", "*.carrier.example"], 200),
        (["other.example", f"{NAME}.other.example", f"x{NAME}"], 503),
        (["other.example", "*.example"], 503),
    ],
)
def test_any_dns_name_of_the_certificate_counts(tmp_path: Path, certified: list[str], code: int) -> None:
    authority = Authority(tmp_path, "private-ca")
    server = NameServer(NAME_SERVER)
    options = {"sip_tls_port": free_port(), "tls_ca": str(authority.file)}
    with scene_on_own_node(tmp_path / "node", **options) as scene:
        carrier = scene.carrier()
        server.records[f"{NAME}.", "A"] = [carrier.address]
        certificate = server_side(authority.certify(*certified))
        with Relay(carrier.address, (carrier.address, carrier.port), accept=certificate) as relay:
            group = scene.group("Secure", to(carrier, host=NAME, port=relay.port, transport="tls"))
            scene.route("1", group)
            scene.apply()
            assert scene.dial("1555").wait().code == code, scene.report()
            assert relay.names == [NAME]
    server.close()
