"""What the site says of an endpoint whose TLS can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from kamailio_bridge.checks import check_certificate
from kamailio_bridge.questions.tls_handshake import tls_failure
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.tls import Authority, Relay, server_side

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
    }.get(case, lambda: ours.certify(HOST))()
    accept = None if case == "no TLS" else server_side(certificate, ours if case == "client certificate" else None)
    with UserAgent(HOST) as agent, Relay(HOST, (HOST, agent.port), accept=accept) as relay:
        said = tls_failure(HOST, relay.port)
    assert sentence in said
    assert bool(said) == bool(sentence)


@pytest.mark.parametrize(("days", "warned"), [(31, False), (29, True), (-1, True)])
def test_a_certificate_that_expires_soon_is_warned_of(
    tmp_path: Path, settings: Settings, days: int, warned: bool
) -> None:
    certificate, _ = Authority(tmp_path, "ours").certify("router.example", days=days)
    settings.DSIPROUTER_TLS_CERTIFICATE = str(certificate)
    assert [message.id for message in check_certificate()] == ["kamailio_bridge.W002"] * warned
