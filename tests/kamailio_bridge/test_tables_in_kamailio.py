"""A real Kamailio loads the tables that we make, and Kamailio's own with rows that we wrote, with every module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.schema import create_missing_tables
from kamailio_bridge.tables import (
    Address,
    Dispatcher,
    DrGateway,
    DrGwList,
    DrRule,
    Htable,
    KamailioTable,
    Mtree,
    Uacreg,
)
from tests.kamailio_bridge.bare_kamailio import BareKamailio, bare_kamailio
from tests.kamailio_bridge.stock import make_stock_tables
from tests.mariadb import MariaDB

pytestmark = pytest.mark.own_database

ROWS: list[KamailioTable] = [
    Dispatcher(id=7, setid=3, destination="sip:127.0.0.31:5060", priority=10000, attrs="gwid=7;strip=1"),
    Mtree(id=1, tprefix="o91", tvalue="dsiprouter:3"),
    Address(id=1, grp=8, ip_addr="127.0.0.31", mask=32, tag="carrier-3"),
    Address(id=2, grp=8, ip_addr="198.51.100.0", mask=24, tag=None),
    Htable(id=1, key_name="dsiprouter:revision", value_type=1, key_value="42"),
    Htable(id=2, key_name="dsiprouter:set:3", key_value="weight"),
    Uacreg(
        id=1,
        l_uuid="carrier-3",
        l_username="carrier-3",
        l_domain="dsiprouter.invalid",
        r_username="1000",
        r_domain="127.0.0.31",
        realm="acme",
        auth_username="1000",
        auth_ha1="0123456789abcdef0123456789abcdef",
        auth_proxy="sip:127.0.0.31:5060",
        expires=3600,
        flags=1,
    ),
    DrGateway(gwid=7, type=8, address="127.0.0.31:5060", strip=1, pri_prefix="", attrs="gwid=7"),
    DrGwList(id=3, gwlist="7", description="carrier-group:3"),
    DrRule(ruleid=1, groupid="8000", prefix="91", timerec="", routeid="", gwlist="#3", description="route:1"),
]


@pytest.fixture(params=["stock", "ours"])
def kamailio(
    request: pytest.FixtureRequest, engine: str, empty_database: Callable[[str], str], tmp_path: Path
) -> Iterator[BareKamailio]:
    """Run Kamailio on tables of its own SQL files, or on those that we made, with one row of each kind."""
    alias = empty_database("loaded")
    (make_stock_tables if request.param == "stock" else create_missing_tables)(alias)
    for row in ROWS:
        type(row)._default_manager.using(alias).bulk_create([row])
    url = f"sqlite:///{connections[alias].settings_dict['NAME']}"
    if engine == "mariadb":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.url("loaded")
    with bare_kamailio(tmp_path, url) as node:
        yield node


def test_every_module_loads_its_rows(kamailio: BareKamailio) -> None:
    assert "gwid=7;strip=1" in str(kamailio.rpc("dispatcher.list"))
    assert "dsiprouter:3" in str(kamailio.rpc("mtree.list", "routes"))
    assert "carrier-3" in str(kamailio.rpc("permissions.addressDump"))
    assert "198.51.100.0" in str(kamailio.rpc("permissions.subnetDump"))
    assert kamailio.rpc("htable.get", "dsiprouter", "dsiprouter:revision")["item"]["value"] == 42
    assert kamailio.rpc("htable.get", "dsiprouter", "dsiprouter:set:3")["item"]["value"] == "weight"
    assert kamailio.rpc("uac.reg_info", "l_uuid", "carrier-3")["auth_username"] == "1000"
    assert kamailio.rpc("drouting.reload") == "reload ok"
    assert kamailio.complaints() == []
