"""A call that is up when runlocal is killed continues, and ends properly while the next runlocal watches Kamailio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.instance import Instance
from tests.e2e.sip.agent import UserAgent
from tests.kamailio_bridge.local_run import runlocal

pytestmark = [pytest.mark.e2e, pytest.mark.own_database]
NUMBER = "914443332222"


def test_a_call_outlives_the_runlocal_that_started_its_kamailio(environment: dict[str, str], tmp_path: Path) -> None:
    instance = Instance(tmp_path, {})
    instance.environment |= environment
    proxy = f"127.0.0.1:{environment['DSIPROUTER_SIP_PORT']}"
    with UserAgent("127.30.9.1") as pbx, UserAgent("127.30.8.1") as carrier:
        carriers = {
            "carrier_groups": [{"name": "Acme", "endpoints": [{"host": carrier.address, "port": carrier.port}]}],
            "pbxs": [{"name": "office", "sources": [f"{pbx.address}/32"], "host": pbx.address, "port": pbx.port}],
            "outbound_routes": [{"prefix": "9", "groups": ["Acme"]}],
        }
        with runlocal(environment, "--no-web") as run:
            run.wait_for("Ctrl-C stops.")
            instance.done("load_carriers", "-", document=json.dumps(carriers))
            instance.done("reload_kamailio", "--yes")
            call = pbx.call(NUMBER, proxy)
            assert call.code == 200
            run.process.kill()
            run.end()
        assert pbx.call(NUMBER, proxy).code == 200  # nobody watches, and calls are carried
        with runlocal(environment, "--no-web") as run:
            run.wait_for("Ctrl-C stops.")
            assert "It is adopted as it is" in run.said
            assert call.bye() == 200
            assert len(carrier.wait_for("BYE")) == 1
