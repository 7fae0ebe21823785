"""The documented flow from outside, on both database engines: load a document, reload, call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.instance import Instance
from tests.e2e.sip.agent import UserAgent
from tests.e2e.sip.digest import Account
from tests.e2e.sip.incoming import Challenge
from tests.e2e.sip.registrar import Registrar
from tests.e2e.staff import Staff
from tests.mariadb import MariaDB

pytestmark = [pytest.mark.e2e, pytest.mark.own_database]

ACCOUNT = Account("1000", "a secret that stays one", "asterisk")
NUMBER = "914443332222"
ADMIN_PASSWORD = "the password of the documented flow"


@pytest.fixture
def agents() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def instance(engine: str, request: pytest.FixtureRequest, tmp_path: Path, agents: ExitStack) -> Iterator[Instance]:
    """Run an instance of the product that knows no carriers yet; it ends before its carriers do."""
    databases = {"DSIPROUTER_ADMIN_PASSWORD": ADMIN_PASSWORD}
    if engine == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        fresh_databases = "; ".join(f"CREATE OR REPLACE DATABASE {name}" for name in ("flow", "flow_kamailio"))
        server.execute(f"SET foreign_key_checks = 0; {fresh_databases}")
        databases |= {"DATABASE_URL": server.url("flow"), "KAMAILIO_DATABASE_URL": server.url("flow_kamailio")}
    instance = Instance(tmp_path / "home", databases)
    with instance.running(web=True):
        yield instance


def document(pbx: UserAgent, plain: UserAgent, challenging: Registrar, sources: list[str]) -> dict[str, Any]:
    return {
        "carrier_groups": [
            {
                "name": "Acme",
                "endpoints": [
                    {"name": "primary", "host": plain.address, "port": plain.port, "strip": 1},
                    {"host": plain.address, "port": plain.port, "transport": "tcp", "strip": 2, "prefix": "+1"},
                ],
                "sources": sources,
            },
            {
                "name": "Trunk",
                "endpoints": [{"host": challenging.address, "port": challenging.port}],
                "credential": {
                    "username": ACCOUNT.username,
                    "password": ACCOUNT.password,
                    "registrar": challenging.host_port,
                    "realm": ACCOUNT.realm,
                },
            },
        ],
        "pbxs": [{"name": "office", "sources": [f"{pbx.address}/32"], "host": pbx.address, "port": pbx.port}],
        "outbound_routes": [{"prefix": "9", "groups": ["Acme"]}, {"prefix": "8", "groups": ["Trunk"]}],
        "inbound_routes": [{"prefix": "", "pbx": "office"}],
    }


def test_the_documented_flow(instance: Instance, agents: ExitStack) -> None:
    pbx = agents.enter_context(UserAgent("127.30.9.1"))
    plain = agents.enter_context(UserAgent("127.30.8.1"))
    media_server = agents.enter_context(UserAgent("127.30.6.77"))
    challenge = Challenge(ACCOUNT)
    trunk = agents.enter_context(Registrar("127.30.8.2", ACCOUNT, behaviour=challenge))
    carriers = document(pbx, plain, trunk, ["127.30.6.0/24"])

    # Loaded is not applied.
    instance.done("load_carriers", "-", document=json.dumps(carriers))
    assert instance.manage("plan_kamailio", "--check").returncode != 0
    assert pbx.call(NUMBER, instance.proxy).code == 503

    # The button: from then on the calls go there.
    assert "reloaded and verified" in instance.done("reload_kamailio", "--yes")
    instance.done("plan_kamailio", "--check")
    call = pbx.call(NUMBER, instance.proxy)
    assert call.code == 200
    assert plain.uris == [f"sip:14443332222@{plain.host_port}"]
    assert call.bye() == 200
    plain.behaviour = lambda incoming: incoming.reply(200 if incoming.link.transport == "TCP" else 503)
    assert pbx.call(NUMBER, instance.proxy).code == 200
    assert plain.uris[1:] == [
        f"sip:14443332222@{plain.host_port}",
        f"sip:+14443332222@{plain.host_port};transport=tcp",
    ]
    live = instance.done("route_call", NUMBER, "--live")
    assert all(uri in live for uri in plain.uris[1:]), live

    # The trunk registers and answers challenges.
    trunk.wait_until_registered(ACCOUNT.username)
    assert (pbx.call("84711", instance.proxy).code, challenge.faults) == (200, [])
    assert trunk.numbers == ["84711"] * 2
    status = instance.done("kamailio_status", "--json")
    assert json.loads(status)["ok"] is True

    # Inbound, until its source is taken away and the button pressed again.
    assert media_server.call("4711", instance.proxy).code == 200
    assert pbx.numbers == ["4711"]
    carriers["carrier_groups"][0]["sources"] = []
    instance.done("load_carriers", "-", document=json.dumps(carriers))
    assert media_server.call("4711", instance.proxy).code == 200
    instance.done("reload_kamailio", "--yes")
    assert media_server.call("4711", instance.proxy).code == 403
    assert len(pbx.invites) == 2
    assert len(trunk.registers()) == 2
    assert "Nothing to do" in instance.done("reload_kamailio", "--yes")

    assert ACCOUNT.password not in live + status + instance.done("dump_carriers") + instance.report()


def test_the_first_attempt_is_the_endpoint_that_the_operator_adds(instance: Instance, agents: ExitStack) -> None:
    """The README's steps word by word: username, password and registration server, then an endpoint with strip 1."""
    pbx = agents.enter_context(UserAgent("127.30.9.1"))
    trunk = agents.enter_context(Registrar("127.30.8.3", ACCOUNT))
    staff = Staff(instance.site, "admin", ADMIN_PASSWORD)
    staff.log_in()
    group = staff.add_group(
        name="Trunk",
        authentication="password",
        username=ACCOUNT.username,
        password=ACCOUNT.password,
        registrar=trunk.host_port,
    )
    rest = {
        "pbxs": [{"name": "office", "sources": [f"{pbx.address}/32"], "host": pbx.address, "port": str(pbx.port)}],
        "outbound_routes": [{"prefix": "9", "groups": ["Trunk"]}],
    }
    instance.done("load_carriers", "-", document=json.dumps(rest))
    nowhere = f"carrier group “Trunk”: has no endpoint, so no calls go to it: its registration server {trunk.host_port}"
    assert nowhere in instance.manage("plan_kamailio").stderr

    staff.add_endpoint(group, "primary", trunk.host_port, strip="1", port="")
    staff.reload()
    assert pbx.call(NUMBER, instance.proxy).code == 200
    assert trunk.uris == [f"sip:14443332222@{trunk.host_port}"]
