"""The unmanaged models are those of Kamailio's stock tables, on both database engines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connections

from kamailio_bridge.modules.tables_in_use import table_problems
from kamailio_bridge.tables.create import create_missing_tables
from kamailio_bridge.tables.models import (
    TABLES,
    Address,
    Dispatcher,
    DrGateway,
    DrGwList,
    DrRule,
    Htable,
    KamailioTable,
    Mtree,
    Uacreg,
    Version,
)
from tests.kamailio_bridge.stock import Description, describe, make_stock_tables

pytestmark = pytest.mark.own_database

HIGHEST_KEY = 2**31 - 1
# The longest and greatest values that we could write.
ROWS: list[KamailioTable] = [
    Version(pk=HIGHEST_KEY, table_name="t" * 32, table_version=99),
    Dispatcher(
        pk=HIGHEST_KEY,
        setid=HIGHEST_KEY,
        destination="d" * 192,
        flags=16,
        priority=10000,
        attrs="a" * 128,
        description="ü" * 64,
    ),
    Mtree(pk=HIGHEST_KEY, tprefix="o" * 32, tvalue="v" * 128),
    Address(pk=HIGHEST_KEY, grp=8, ip_addr="2001:db8::1", mask=128, port=65535, tag="g" * 64),
    Address(pk=1, grp=9, ip_addr="203.0.113.7", tag=None),
    Uacreg(pk=HIGHEST_KEY, l_uuid="carrier-1", realm="r" * 64, auth_ha1="f" * 32, auth_proxy="p" * 255, expires=3600),
    Htable(pk=HIGHEST_KEY, key_name="dsiprouter:revision", value_type=1, key_value="7"),
    DrGateway(pk=HIGHEST_KEY, type=8, address="h" * 128, strip=30, pri_prefix="", attrs="a" * 255),
    DrGateway(pk=1, address="h", pri_prefix=None, attrs=None),
    DrGwList(pk=HIGHEST_KEY, gwlist="1," * 127, description="carrier-group:1"),
    DrRule(pk=HIGHEST_KEY, groupid="8000", prefix="", timerec="", routeid="", gwlist="#1", description="route:1"),
]


@pytest.fixture(params=["stock", "ours"])
def filled(request: pytest.FixtureRequest, empty_database: Callable[[str], str]) -> str:
    """Return the alias of a database with Kamailio's tables, made by Kamailio's SQL files or by us."""
    alias = empty_database(request.param)
    (make_stock_tables if request.param == "stock" else create_missing_tables)(alias)
    return alias


@pytest.fixture
def both_kinds(empty_database: Callable[[str], str]) -> tuple[str, str]:
    """Return the aliases of two databases: tables of Kamailio's SQL files, and tables that we made."""
    stock, ours = empty_database("stock"), empty_database("ours")
    make_stock_tables(stock)
    create_missing_tables(ours)
    return stock, ours


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.db_table)
def test_tables_that_we_make_are_the_stock_ones(table: type[KamailioTable], both_kinds: tuple[str, str]) -> None:
    stock, ours = both_kinds
    name = table._meta.db_table
    assert describe(ours, name) == as_in_5_6(name, describe(stock, name))


def as_in_5_6(table: str, stock: Description) -> Description:
    """Take back what Kamailio 6.0 widened: our tables are those of 5.6, which both versions read."""
    widened = {
        ("htable", "key_name", "varchar(256)"): "varchar(64)",
        ("htable", "key_value", "varchar(512)"): "varchar(128)",
    }
    columns = [
        column._replace(kind=widened.get((table, column.name, column.kind), column.kind)) for column in stock.columns
    ]
    return stock._replace(columns=columns)


def test_versions_are_the_stock_ones(both_kinds: tuple[str, str]) -> None:
    stock, ours = ({row.table_name: row.table_version for row in Version.objects.using(alias)} for alias in both_kinds)
    assert ours == {name: stock[name] for name in ours}
    assert set(ours) == {table._meta.db_table for table in TABLES}


def test_no_problem_is_seen_in_good_tables(filled: str) -> None:
    assert table_problems(filled, TABLES) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row._meta.db_table}-{row.pk}")
def test_models_write_and_read_good_tables(filled: str, row: KamailioTable) -> None:
    manager = type(row)._default_manager.using(filled)
    manager.bulk_create([row])
    columns = [field.column for field in row._meta.concrete_fields]
    assert manager.values(*columns).get(pk=row.pk) == {column: getattr(row, column) for column in columns}
    assert manager.filter(pk=row.pk).delete()[0] == 1
    assert not manager.filter(pk=row.pk).exists()


def test_rows_of_others_tools_are_read(filled: str) -> None:
    with connections[filled].cursor() as cursor:
        cursor.execute("INSERT INTO dispatcher (setid, destination) VALUES (1, 'sip:203.0.113.7:5060')")
        cursor.execute("INSERT INTO address (ip_addr) VALUES ('203.0.113.7')")
    assert Dispatcher.objects.using(filled).values_list("setid", "flags", "attrs").get() == (1, 0, "")
    assert Address.objects.using(filled).values_list("grp", "mask", "port", "tag").get() == (1, 32, 0, None)
