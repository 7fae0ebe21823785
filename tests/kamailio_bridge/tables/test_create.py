"""Making Kamailio's tables: what is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from kamailio_bridge.tables.create import create_missing_tables
from kamailio_bridge.tables.models import TABLES, Dispatcher, Version
from tests.kamailio_bridge.stock import describe, make_stock_tables
from tests.scratch import run_sql

pytestmark = pytest.mark.own_database

NAMES = [table._meta.db_table for table in TABLES]


def test_everything_is_made_once(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("fresh")
    first = create_missing_tables(alias)
    Dispatcher.objects.using(alias).create(setid=1)
    second = create_missing_tables(alias)
    assert (first.made, first.found) == (NAMES, [])
    assert (second.made, second.found) == ([], NAMES)
    assert Dispatcher.objects.using(alias).count() == 1


def test_stock_tables_are_left_as_they_are(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("stock")
    make_stock_tables(alias)
    Dispatcher.objects.using(alias).create(setid=1)
    before = {name: describe(alias, name) for name in NAMES}
    versions = list(Version.objects.using(alias).values_list("table_name", "table_version"))
    assert create_missing_tables(alias).made == []
    assert {name: describe(alias, name) for name in NAMES} == before
    assert list(Version.objects.using(alias).values_list("table_name", "table_version")) == versions
    assert Dispatcher.objects.using(alias).count() == 1


def test_a_missing_table_is_added_to_stock_ones(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("partial")
    make_stock_tables(alias)
    run_sql(alias, "DROP TABLE htable; DROP TABLE mtree")  # their rows in version stay behind, one of them a wrong one
    Version.objects.using(alias).filter(table_name="mtree").update(table_version=77)
    assert create_missing_tables(alias).made == ["mtree", "htable"]
    versions = dict(Version.objects.using(alias).values_list("table_name", "table_version"))
    assert (versions["mtree"], versions["htable"], versions["trusted"]) == (1, 2, 6)


def test_a_wrong_or_missing_version_of_a_table_that_is_there_is_not_touched(
    empty_database: Callable[[str], str],
) -> None:
    alias = empty_database("odd")
    make_stock_tables(alias)
    Version.objects.using(alias).filter(table_name="dispatcher").update(table_version=9)
    Version.objects.using(alias).filter(table_name="uacreg").delete()
    create_missing_tables(alias)
    versions = dict(Version.objects.using(alias).values_list("table_name", "table_version"))
    assert versions["dispatcher"] == 9
    assert "uacreg" not in versions


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_sqlite_file_is_switched_to_wal(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("journal")
    run_sql(alias, "PRAGMA journal_mode=DELETE")
    assert create_missing_tables(alias).journal_mode == "wal"
    connections[alias].close()
    header = Path(connections[alias].settings_dict["NAME"]).read_bytes()[:20]
    assert header[18:] == b"\x02\x02"  # the file itself says so, whoever opens it
