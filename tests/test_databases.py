"""The test databases themselves."""

from __future__ import annotations

import pytest
from django.db import connections

from carriers.models import CarrierGroup
from kamailio_bridge.tables.models import TABLES, Dispatcher, Version


@pytest.mark.django_db(databases=["default", "kamailio"])
def test_both_databases_have_their_tables() -> None:
    CarrierGroup.objects.create(name="Acme")
    for table in TABLES:
        expected = len(TABLES) if table is Version else 0
        assert table.objects.count() == expected
    assert connections["default"].settings_dict["NAME"] != connections["kamailio"].settings_dict["NAME"]


@pytest.mark.django_db(databases=["default", "kamailio"], transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_a_test_that_commits_leaves_nothing_behind(run: int) -> None:
    assert not Dispatcher.objects.exists()
    assert not CarrierGroup.objects.exists()
    Dispatcher.objects.create(setid=1, destination=f"sip:203.0.113.{run}:5060")
    CarrierGroup.objects.create(name="Acme")
    Version.objects.filter(table_name="dispatcher").update(table_version=1)
    assert Version.objects.count() == len(TABLES)


@pytest.mark.django_db(databases=["kamailio"])
def test_versions_are_as_declared_after_a_test_that_commits() -> None:
    assert {row.table_name: row.table_version for row in Version.objects.all()} == {
        table._meta.db_table: table.db_table_version for table in TABLES
    }
