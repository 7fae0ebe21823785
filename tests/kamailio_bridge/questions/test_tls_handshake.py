"""What the site says of an endpoint whose TLS can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from carriers.passwords.hidden import hidden
from kamailio_bridge.checks import check_certificate
from kamailio_bridge.questions.tls_handshake import tls_failure
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.tls import Authority, Relay, server_side
from tests.kamailio_bridge.records import group

HOST = "127.30.7.1"


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("right", ""),
        ("expired", "has expired: the carrier must renew it."),
        ("other name", "is for another name"),
        ("unknown authority", "comes from an authority that is not trusted"),
        ("no TLS", "does not speak TLS: check the port."),
        ("client certificate", "asks for a client certificate"),
        ("own authority", "press Reload Kamailio"),
        ("own certificate", "press Reload Kamailio"),
        ("other certificate", "does not accept the client certificate of this carrier group"),
        ("accepted name", ""),
        ("not verified", "press Reload Kamailio"),
    ],
)
def test_each_failure_is_a_sentence(tmp_path: Path, settings: Settings, case: str, sentence: str) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = Authority(tmp_path / "ours", "ours"), Authority(tmp_path / "theirs", "theirs")
    settings.DSIPROUTER_TLS_CA = str(ours.file)
    certificate = {
        "expired": lambda: ours.certify(HOST, days=-1),
        "other name": lambda: ours.certify("other.example"),
        "unknown authority": lambda: theirs.certify(HOST),
        "own authority": lambda: theirs.certify(HOST),
        "accepted name": lambda: ours.certify("*.carrier.example"),
        "not verified": lambda: theirs.certify("other.example"),
    }.get(case, lambda: ours.certify(HOST))()
    shown = [path.read_text() for path in (theirs if case == "other certificate" else ours).certify("acct.example")]
    own = {"client_certificate": shown[0], "client_key": hidden(shown[1])}
    values: dict[str, dict[str, Any]] = {
        "own authority": {"ca_certificates": theirs.pem},
        "own certificate": own,
        "other certificate": own,
        "accepted name": {"certificate_names": "a.example, sip.carrier.example"},
        "not verified": {"verify_certificate": False},
    }
    clients = ours if case in ("client certificate", "own certificate", "other certificate") else None
    accept = None if case == "no TLS" else server_side(certificate, clients)
    with UserAgent(HOST) as agent, Relay(HOST, (HOST, agent.port), accept=accept) as relay:
        said = tls_failure(HOST, relay.port, group(1, **values.get(case, {})))
    assert sentence in said
    assert bool(said) == bool(sentence)


@pytest.mark.parametrize(("days", "warned"), [(31, False), (29, True), (-1, True)])
def test_a_certificate_that_expires_soon_is_warned_of(
    tmp_path: Path, settings: Settings, days: int, warned: bool
) -> None:
    certificate, _ = Authority(tmp_path, "ours").certify("router.example", days=days)
    settings.DSIPROUTER_TLS_CERTIFICATE = str(certificate)
    assert [message.id for message in check_certificate()] == ["kamailio_bridge.W002"] * warned
