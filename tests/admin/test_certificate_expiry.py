"""When certificates expire is said on the pages, by the command, by the plan and in the metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from prometheus_client import CollectorRegistry, generate_latest
from pytest_django import Settings

from carriers.models import CarrierGroup
from kamailio_bridge.monitoring.metrics import BridgeCollector
from kamailio_bridge.plan.make import make_plan
from tests.admin.forms import Carriers
from tests.commands import run_command
from tests.e2e.sip.tls import Authority

pytestmark = pytest.mark.django_db(databases=["default", "kamailio"])


@pytest.fixture
def certified(tmp_path: Path, settings: Settings, carriers: Carriers) -> CarrierGroup:
    """A group whose client certificate expires in ten days, and a node's certificate that is valid for 40."""
    authority = Authority(tmp_path, "ours")
    certificate, key = authority.certify("router.example", days=40)
    settings.DSIPROUTER_TLS_CERTIFICATE, settings.DSIPROUTER_TLS_KEY = str(certificate), str(key)
    shown = [path.read_text() for path in authority.certify("acct.example", days=10)]
    group = carriers.group
    group.client_certificate = shown[0]
    group.set_client_key(shown[1])
    group.full_clean()
    group.save()
    return group


def test_it_is_said_everywhere(certified: CarrierGroup, editor: Client, superuser: Client) -> None:
    soon = "its client certificate expires at "
    assert [str(each) for each in make_plan().warnings if soon in str(each)] != []
    page = unescape(editor.get(f"/admin/carriers/carriergroup/{certified.pk}/change/").content.decode())
    assert "Its client certificate expires at " in page
    assert "UTC: enter its successor." in page
    nodes = unescape(superuser.get("/admin/kamailio_bridge/kamailionode/").content.decode())
    assert "The node's certificate expires at " in nodes
    told = run_command("kamailio_status").out
    assert f"certificate: carrier group “{certified.name}”, client certificate expires at " in told
    lines = [line for line in told.splitlines() if line.startswith("certificate: ")]
    assert [line.endswith(", soon") for line in lines] == [False, True]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BridgeCollector())
    metrics = generate_latest(registry).decode()
    name = "dsiprouter_certificate_expiry_timestamp_seconds"
    (value,) = [line for line in metrics.splitlines() if line.startswith(f'{name}{{certificate="client certificate"')]
    days = (float(value.rpartition(" ")[2]) - datetime.now(tz=UTC).timestamp()) / 86_400
    assert 9 < days <= 10


def test_nothing_is_said_of_one_that_has_time(certified: CarrierGroup, editor: Client, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    certified.client_certificate, key = (
        path.read_text() for path in Authority(tmp_path / "new", "new").certify("acct.example", days=31)
    )
    certified.set_client_key(key)
    certified.save()
    assert [str(each) for each in make_plan().warnings if "expire" in str(each)] == []
    assert (
        "certificate expires at"
        not in editor.get(f"/admin/carriers/carriergroup/{certified.pk}/change/").content.decode()
    )
