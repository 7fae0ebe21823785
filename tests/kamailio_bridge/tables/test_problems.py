"""Sentences about Kamailio's tables, each for a database where that one thing is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import checks
from django.db import connections
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker, Settings

from kamailio_bridge.modules.tables_in_use import table_problems
from kamailio_bridge.tables.models import TABLES, Version
from tests.kamailio_bridge.stock import make_stock_tables, redeclare
from tests.scratch import run_sql, scratch_database

DISPATCHER = """CREATE TABLE dispatcher (id INTEGER PRIMARY KEY NOT NULL, setid INTEGER DEFAULT 0 NOT NULL,
    destination VARCHAR(253) DEFAULT '' NOT NULL, flags INTEGER DEFAULT 0 NOT NULL, priority INTEGER DEFAULT 0 NOT NULL,
    attrs VARCHAR(255) DEFAULT '' NOT NULL, {description} VARCHAR(255) DEFAULT '' NOT NULL{further})"""


@pytest.fixture
def stock(empty_database: Callable[[str], str]) -> str:
    """Return the alias of a database with the stock tables, free of problems."""
    alias = empty_database("checked")
    make_stock_tables(alias)
    assert table_problems(alias) == []
    return alias


def replace_dispatcher(alias: str, *, description: str = "description", further: str = "") -> None:
    run_sql(alias, f"DROP TABLE dispatcher; {DISPATCHER.format(description=description, further=further)}")


@pytest.mark.own_database
def test_missing_tables_are_one_sentence(empty_database: Callable[[str], str], stock: str) -> None:
    run_sql(stock, "DROP TABLE dispatcher")
    assert table_problems(stock) == [
        "Table “dispatcher” is missing in the database “checked”: run manage.py create_kamailio_tables."
    ]
    (sentence,) = table_problems(empty_database("void"))
    assert sentence.startswith("Tables “version”, ")
    assert all(f"“{table._meta.db_table}”" in sentence for table in TABLES)


@pytest.mark.own_database
def test_only_tables_of_selected_modules_count(stock: str, settings: Settings) -> None:
    run_sql(stock, "DROP TABLE dr_rules")
    assert len(table_problems(stock)) == 1
    settings.KAMAILIO_MODULES = ["dispatcher", "mtree", "htable", "permissions", "uac"]
    assert table_problems(stock) == []
    assert len(table_problems(stock, TABLES)) == 1


@pytest.mark.own_database
def test_versions(stock: str) -> None:
    Version.objects.using(stock).filter(table_name="dispatcher").update(table_version=5)
    Version.objects.using(stock).filter(table_name="htable").delete()
    unknown, missing = sorted(table_problems(stock))
    assert unknown == (
        "Table “dispatcher” in the database “checked” has version 5; this product knows 4, that of Kamailio 5.6: "
        "migrate the table with the script that comes with Kamailio."
    )
    assert missing == (
        "Table “htable” in the database “checked” has no row in the table “version”, so Kamailio would not start with "
        "it: if it is of Kamailio 5.6, add the row with version 2."
    )


@pytest.mark.own_database
@pytest.mark.parametrize(
    ("column", "stock_type"),
    [
        ("mtree.tvalue TEXT", "VARCHAR(128)"),
        ("dr_rules.gwlist TEXT", "VARCHAR(255)"),
        ("address.mask BIGINT", "INT"),
        ("address.port BIGINT", "SMALLINT UNSIGNED"),
        ("dispatcher.setid SMALLINT", "INT"),
        ("uacreg.expires TEXT", "INT"),
    ],
)
def test_types_that_break_something(stock: str, column: str, stock_type: str) -> None:
    table, name, kind = re.split(r"[. ]", column)
    redeclare(stock, table, name, kind)
    assert table_problems(stock) == [
        (
            f"Column “{table}.{name}” in the database “checked” is declared {kind}, but must be {stock_type}: "
            "change its type."
        )
    ]


@pytest.mark.own_database
def test_columns_that_are_missing_or_in_the_way(stock: str) -> None:
    replace_dispatcher(stock, description="remark", further=", owner INTEGER NOT NULL")
    assert table_problems(stock) == [
        (
            "Column “dispatcher.description” in the database “checked” is missing: compare the table with that of "
            "Kamailio 5.6."
        ),
        (
            "Column “dispatcher.owner” in the database “checked” is not one of Kamailio's and has no default, so that "
            "no row can be added: give it a default."
        ),
    ]


@pytest.mark.own_database
def test_a_narrow_column_matters_where_it_cuts(stock: str, engine: str) -> None:
    redeclare(stock, "dispatcher", "destination", "VARCHAR(100)")
    sentence = (
        "Column “dispatcher.destination” in the database “checked” holds 100 characters, but must hold 192: make it "
        "VARCHAR(192)."
    )
    assert table_problems(stock) == ([sentence] if engine == "mariadb" else [])  # SQLite stores any length


@pytest.mark.own_database
def test_tables_that_dsiprouter_widened_are_fine(stock: str) -> None:
    replace_dispatcher(stock, further=", owner VARCHAR(64) DEFAULT '' NOT NULL, note TEXT")
    assert table_problems(stock) == []


@pytest.mark.own_database
def test_two_queries_are_enough(stock: str) -> None:
    with CaptureQueriesContext(connections[stock]) as queries:
        assert table_problems(stock) == []
    assert len(queries) == 2


@pytest.mark.own_database
def test_a_server_that_does_not_answer_is_a_sentence(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock(), scratch_database("away", "mysql://nobody:hidden-word@127.0.0.1:1/kamailio"):
        (sentence,) = table_problems("away")
    assert sentence.startswith("The database “away” (away) can't be reached: Can't connect to")
    assert "KAMAILIO_DATABASE_URL" in sentence
    assert "hidden-word" not in sentence


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_system_checks_report_them_when_asked_for_the_database() -> None:
    assert checks.run_checks(databases=["default", "kamailio"]) == []
    Version.objects.filter(table_name="mtree").update(table_version=8)
    assert [message.id for message in checks.run_checks(databases=["kamailio"])] == ["kamailio_bridge.E002"]
    assert checks.run_checks(databases=["default"]) == []


def test_an_unknown_module_is_an_error(settings: Settings) -> None:
    settings.KAMAILIO_MODULES = ["dispatcher", "lcr"]
    (message,) = checks.run_checks()
    assert message.id == "kamailio_bridge.E001"
    assert message.msg == "KAMAILIO_MODULES names “lcr”, which is not a module that this product writes for."
    assert message.hint is not None
    assert "dispatcher" in message.hint


def test_an_rpc_address_that_strangers_reach_is_an_error(settings: Settings) -> None:
    settings.DSIPROUTER_RPC_ADDRESS = "0.0.0.0"
    (message,) = checks.run_checks()
    assert message.id == "kamailio_bridge.E003"
    assert message.msg == (
        "DSIPROUTER_RPC_ADDRESS: 0.0.0.0 means every address of the machine, public ones too:"
        " name a single private one."
    )
    settings.KAMAILIO_RPC_ANYWHERE = True
    assert checks.run_checks() == []


def test_names_of_ours_must_be_host_names(settings: Settings) -> None:
    settings.DSIPROUTER_SIP_NAMES = ["sip.example.com", "203.0.113.7", "sip.example.com:5060", "a b"]
    found = [message.msg for message in checks.run_checks() if message.id == "kamailio_bridge.E004"]
    assert [sentence.split("”")[0] for sentence in found] == [
        "DSIPROUTER_SIP_NAMES names “sip.example.com:5060",
        "DSIPROUTER_SIP_NAMES names “a b",
    ]


@pytest.mark.parametrize(
    ("address", "reason"),
    [("2001:db8::1", "DSIPROUTER_SIP_IPV6_ADDRESS"), ("203.0.113.9:5060", "IP address"), ("0.0.0.0", "single host")],
)
def test_an_advertised_address_that_nobody_reaches(settings: Settings, address: str, reason: str) -> None:
    settings.DSIPROUTER_SIP_ADVERTISE = address
    (sentence,) = [message.msg for message in checks.run_checks() if message.id == "kamailio_bridge.E008"]
    assert reason in sentence


@pytest.mark.parametrize("address", ["", "203.0.113.9", "sip.example.com"])
def test_an_advertised_address(settings: Settings, address: str) -> None:
    settings.DSIPROUTER_SIP_ADVERTISE = address
    assert [message for message in checks.run_checks() if message.id == "kamailio_bridge.E008"] == []
