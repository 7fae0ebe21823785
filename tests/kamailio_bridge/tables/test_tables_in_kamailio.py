"""A real Kamailio loads the tables that we make, and Kamailio's own with rows that we wrote, with every module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.modules.tables_in_use import table_problems
from kamailio_bridge.tables.create import create_missing_tables
from kamailio_bridge.tables.models import (
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
from kamailio_bridge.tables.problems import upgrade_warnings
from tests.kamailio_bridge.bare_kamailio import BareKamailio, NotStarted, bare_kamailio
from tests.kamailio_bridge.stock import make_stock_tables, redeclare
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


@pytest.fixture
def address_of(engine: str, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return a function that gives the address of a database as Kamailio writes it."""

    def address(alias: str) -> str:
        name = str(connections[alias].settings_dict["NAME"])
        if engine == "sqlite":
            return f"sqlite:///{name}"
        server: MariaDB = request.getfixturevalue("mariadb")
        return server.url(name)

    return address


def add_rows(alias: str) -> None:
    for row in ROWS:
        type(row)._default_manager.using(alias).bulk_create([row])


@pytest.fixture(params=["stock", "ours"])
def kamailio(
    request: pytest.FixtureRequest,
    empty_database: Callable[[str], str],
    address_of: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[BareKamailio]:
    """Run Kamailio on tables of its own SQL files, or on those that we made, with one row of each kind."""
    alias = empty_database("loaded")
    (make_stock_tables if request.param == "stock" else create_missing_tables)(alias)
    add_rows(alias)
    with bare_kamailio(tmp_path, address_of(alias)) as node:
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


@pytest.mark.parametrize("column", ["mtree.tvalue TEXT", "address.grp BIGINT"])
def test_kamailio_does_not_start_with_a_column_that_we_report(
    column: str, empty_database: Callable[[str], str], address_of: Callable[[str], str], tmp_path: Path
) -> None:
    alias = empty_database("odd")
    make_stock_tables(alias)
    redeclare(alias, *re.split(r"[. ]", column))
    add_rows(alias)
    (sentence,) = table_problems(alias)
    assert sentence.startswith(f"Column “{column.split(maxsplit=1)[0]}” ")
    refusal = pytest.raises(NotStarted, match=r"wrong column types|invalid record")
    with refusal, bare_kamailio(tmp_path, address_of(alias)):
        pass


def test_kamailio_reads_other_columns_as_long_ones(
    empty_database: Callable[[str], str], address_of: Callable[[str], str], tmp_path: Path
) -> None:
    alias = empty_database("wide")
    make_stock_tables(alias)
    for column in ("dispatcher.attrs TEXT", "dispatcher.setid BIGINT", "uacreg.realm TEXT"):
        redeclare(alias, *re.split(r"[. ]", column))
    redeclare(alias, "htable", "key_value", "TEXT")
    for row in ROWS:
        if row.pk != 2 or not isinstance(row, Address):  # its tag is NULL
            type(row)._default_manager.using(alias).bulk_create([row])
    assert table_problems(alias) == []
    with bare_kamailio(tmp_path, address_of(alias)) as node:
        assert "gwid=7;strip=1" in str(node.rpc("dispatcher.list"))
        assert "carrier-3" in str(node.rpc("permissions.addressDump"))
        assert node.rpc("htable.get", "dsiprouter", "dsiprouter:set:3")["item"]["value"] == "weight"
        assert node.rpc("uac.reg_info", "l_uuid", "carrier-3")["realm"] == "acme"
        assert node.complaints() == []


@pytest.mark.parametrize(("kind", "warned"), [("TEXT", True), ("VARCHAR(200)", False)])
def test_a_tag_that_only_5_6_reads_is_warned_of(kind: str, warned: bool, empty_database: Callable[[str], str]) -> None:
    alias = empty_database("upgrade")
    make_stock_tables(alias)
    redeclare(alias, "address", "tag", kind)
    assert table_problems(alias) == []
    sentences = upgrade_warnings(alias)
    assert ["Kamailio 6.0 does not start with it" in sentence for sentence in sentences] == [True] * warned
