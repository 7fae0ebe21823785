"""Data of earlier versions: what a migration makes of it, on every database engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.own_database


def migrate(alias: str, migration: str) -> Any:
    """Migrate the carriers up to a migration, and return the models of then."""
    executor = MigrationExecutor(connections[alias])
    executor.migrate([("carriers", migration)])
    return MigrationExecutor(connections[alias]).loader.project_state([("carriers", migration)]).apps


def test_routes_of_before_fall_through_and_new_ones_do_not(empty_database: Callable[[str], str]) -> None:
    alias = empty_database("routes_of_before")
    before = migrate(alias, "0002_sources_go_with_their_owner")
    before.get_model("carriers", "OutboundRoute").objects.using(alias).create(prefix="9")
    pbx = before.get_model("carriers", "PBX").objects.using(alias).create(name="office", host="192.0.2.9")
    before.get_model("carriers", "InboundRoute").objects.using(alias).create(prefix="1", pbx=pbx)
    after = migrate(alias, "0003_routes_that_refuse")
    outbound, inbound = (after.get_model("carriers", name) for name in ("OutboundRoute", "InboundRoute"))
    route = outbound.objects.using(alias).get()
    assert (route.fall_through, route.refuse_code, route.refuse_reason) == (True, None, "")
    assert inbound.objects.using(alias).get().fall_through
    assert not outbound.objects.using(alias).create(prefix="8").fall_through
    assert not inbound.objects.using(alias).create(prefix="2", pbx_id=pbx.pk).fall_through
